# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs the runtime, builds the example against it as a stranger would, and
# runs it. Variables: BUILD, SOURCE, SAMPLE (program), WORK, C_COMPILER.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code
    OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${out}${err}failed with ${code}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

function(expect_output)
  # x, s and k are ones: y = 1 + i + 1, z = 5 + 1 * 4.
  set(expected "y f32 4 16: 2 3 4 5\nz f32 16: 9 9 9 9\n")
  if(NOT out STREQUAL expected)
    message(FATAL_ERROR "output is\n${out}expected\n${expected}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component runtime
  --prefix ${WORK}/prefix)
run(${SAMPLE} ${WORK}/sample.visir)

# A CMake project without C++.
run(${CMAKE_COMMAND} -S ${SOURCE}/examples/c-runtime -B ${WORK}/example
  -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/example)
foreach(program run-model run-model-static)
  run(${WORK}/example/${program} ${WORK}/sample.visir)
  expect_output()
endforeach()

# A compiler and pkg-config.
find_program(PKG_CONFIG pkg-config)
if(PKG_CONFIG)
  file(GLOB_RECURSE pc ${WORK}/prefix/*/visir-runtime.pc)
  get_filename_component(folder ${pc} DIRECTORY)
  get_filename_component(libraries ${folder} DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} ${folder})
  run(${PKG_CONFIG} --cflags --libs visir-runtime)
  string(STRIP "${out}" flags)
  separate_arguments(flags)
  run(${C_COMPILER} ${SOURCE}/examples/c-runtime/main.c -o ${WORK}/program
    ${flags} -Wl,-rpath,${libraries})
  run(${WORK}/program ${WORK}/sample.visir)
  expect_output()
endif()
