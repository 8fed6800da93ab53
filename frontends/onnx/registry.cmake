# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes OUT: one line VISIR_ONNX_ENTRY(operator, opset) for each line
# VISIR_ONNX_OP(operator, opset, ...) of SOURCES, sorted.
set(entries)
foreach(source IN LISTS SOURCES)
  file(STRINGS ${source} lines REGEX "^VISIR_ONNX_OP\\(")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^VISIR_ONNX_OP\\(([A-Za-z0-9]+), ([0-9]+),")
      message(FATAL_ERROR "${source}: cannot read: ${line}")
    endif()
    list(APPEND entries "VISIR_ONNX_ENTRY(${CMAKE_MATCH_1}, ${CMAKE_MATCH_2})")
  endforeach()
endforeach()
list(SORT entries COMPARE NATURAL)
list(JOIN entries "\n" text)
file(WRITE ${OUT} "${text}\n")
