# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Warning and sanitizer flags shared by all of Visir's own targets, and the
# functions that declare them.

add_library(visir_flags INTERFACE)
target_compile_options(visir_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wno-unused-parameter;-Wno-deprecated-declarations>)
target_include_directories(visir_flags INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>
  $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}>)
if(VISIR_SANITIZE)
  target_compile_options(visir_flags INTERFACE
    -fsanitize=${VISIR_SANITIZE} -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  # As LLVM's own sanitized builds: its headers cast to what is not there yet,
  # and a generated kernel has no signature in front of it.
  if(VISIR_SANITIZE MATCHES "undefined")
    target_compile_options(visir_flags INTERFACE
      -fno-sanitize=vptr,function)
  endif()
  target_link_options(visir_flags INTERFACE -fsanitize=${VISIR_SANITIZE})
endif()
if(VISIR_COVERAGE)
  target_compile_options(visir_flags INTERFACE
    -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(visir_flags INTERFACE -fprofile-instr-generate)
endif()

# visir_fuzzed(TARGET): tells libFuzzer which branches an input takes. The
# counters alone, as -fsanitize=fuzzer-no-link refuses the precompiled header.
function(visir_fuzzed target)
  if(VISIR_FUZZ)
    target_compile_options(${target} PRIVATE
      -fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp)
  endif()
endfunction()

# visir_test(NAME SOURCES... LIBS libs...): a GoogleTest program run by CTest;
# the target visir_tests builds all of them.
add_custom_target(visir_tests)
function(visir_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE visir_flags ${ARG_LIBS}
    GTest::gtest_main GTest::gmock)
  add_test(NAME ${name} COMMAND ${name})
  add_dependencies(visir_tests ${name})
endfunction()

# visir_add_children([NEEDS_COMPILER folders...] [WITHOUT_COMPILER folders...])
# adds every child folder that has a CMakeLists.txt, in order of name: adding
# or removing a folder needs no edit elsewhere. When the compiler is not built,
# those of the first list are left out, or all but those of the second.
function(visir_add_children)
  cmake_parse_arguments(ARG "" "" "NEEDS_COMPILER;WITHOUT_COMPILER" ${ARGN})
  file(GLOB children CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    ${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt)
  foreach(child IN LISTS children)
    get_filename_component(dir ${child} DIRECTORY)
    if(NOT VISIR_BUILD_COMPILER)
      if(dir IN_LIST ARG_NEEDS_COMPILER)
        continue()
      elseif(ARG_WITHOUT_COMPILER AND NOT dir IN_LIST ARG_WITHOUT_COMPILER)
        continue()
      endif()
    endif()
    add_subdirectory(${dir})
  endforeach()
endfunction()
