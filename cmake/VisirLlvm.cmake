# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# visir_llvm: MLIR and LLVM for the compiler's libraries. A program that links
# them takes LLVM's shared libraries, which is quick, unless it has the property
# VISIR_STATIC_LLVM: then it holds the parts that it needs, and runs on a
# machine without LLVM.

# The linker takes from the archives only what is needed, in any order.
file(GLOB archives
  ${LLVM_LIBRARY_DIRS}/libMLIR*.a ${LLVM_LIBRARY_DIRS}/libLLVM*.a)
add_library(visir_llvm_static INTERFACE)
target_link_libraries(visir_llvm_static INTERFACE ${archives} z zstd)
target_link_options(visir_llvm_static INTERFACE
  LINKER:--gc-sections LINKER:-z,pack-relative-relocs)

add_library(visir_llvm INTERFACE)
set(wants_static $<BOOL:$<TARGET_PROPERTY:VISIR_STATIC_LLVM>>)
target_link_libraries(visir_llvm INTERFACE
  $<${wants_static}:visir_llvm_static>
  $<$<NOT:${wants_static}>:MLIR> $<$<NOT:${wants_static}>:LLVM>)
