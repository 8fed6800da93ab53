// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exists so that the precompiled header has a library of its own.
#include "compiler/support/Pch.h"
