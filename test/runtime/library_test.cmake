# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The shared library: size when stripped, exported names, needed libraries.
# Variables: LIBRARY, WORK, STRIP, NM, READELF, LIMIT (bytes).
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${STRIP} -o ${WORK}/stripped.so ${LIBRARY}
  COMMAND_ERROR_IS_FATAL ANY)
file(SIZE ${WORK}/stripped.so size)
message(STATUS "stripped size is ${size} bytes")
if(size GREATER LIMIT)
  message(FATAL_ERROR "stripped size is ${size}, expected at most ${LIMIT}")
endif()

execute_process(COMMAND ${NM} -D --defined-only ${LIBRARY}
  OUTPUT_VARIABLE names COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${names}")
set(exports 0)
foreach(line IN LISTS lines)
  if(NOT line MATCHES " T visir_[a-z0-9_]+$")
    message(FATAL_ERROR "exported symbol is \"${line}\", expected visir_*")
  endif()
  math(EXPR exports "${exports} + 1")
endforeach()
if(exports LESS 20)
  message(FATAL_ERROR "exported symbols are ${exports}, expected 20 or more")
endif()

execute_process(COMMAND ${READELF} -d ${LIBRARY}
  OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "NEEDED[^\n]+" needed "${dynamic}")
foreach(line IN LISTS needed)
  if(NOT line MATCHES "lib(c|m|pthread)[.]so|ld-linux")
    message(FATAL_ERROR "needed library is \"${line}\", expected libc and libm")
  endif()
endforeach()
