# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds the runtime for aarch64 and runs an artifact with aarch64 kernels
# under qemu. Variables: SOURCE, WORK,
# FLATBUFFERS (its include folder).
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code
    OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${out}${err}failed with ${code}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

set(qemu qemu-aarch64 -L /usr/aarch64-linux-gnu)
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${WORK}/build
  -DCMAKE_TOOLCHAIN_FILE=${SOURCE}/cmake/aarch64-linux.cmake
  -DCMAKE_BUILD_TYPE=MinSizeRel -DVISIR_BUILD_COMPILER=OFF
  -DVISIR_BUILD_TESTS=OFF)
run(${CMAKE_COMMAND} --build ${WORK}/build)

set(cross --target=aarch64-linux-gnu -fuse-ld=lld-22)
file(MAKE_DIRECTORY ${WORK}/kernels)
foreach(kernel accumulate add)
  run(clang-22 ${cross} -O2 -ffreestanding -fPIC -ffp-contract=off
    -fno-asynchronous-unwind-tables -I${SOURCE}
    -c ${SOURCE}/test/runtime/kernels/${kernel}.c
    -o ${WORK}/kernels/${kernel}.o)
  run(clang-22 ${cross} -nostdlib -static -Wl,--build-id=none
    -Wl,--oformat=binary -Wl,-e,0
    -Wl,-T,${SOURCE}/test/runtime/kernels/flat.ld
    ${WORK}/kernels/${kernel}.o -o ${WORK}/kernels/${kernel}.bin)
endforeach()
run(clang++-22 ${cross} -std=c++17 -O1 -I${SOURCE} -I${WORK}/build
  -isystem ${FLATBUFFERS} "-DVISIR_TEST_KERNELS=\"${WORK}/kernels\""
  ${SOURCE}/test/runtime/make_sample.cpp
  ${SOURCE}/test/runtime/support/artifact_builder.cpp
  ${SOURCE}/test/runtime/support/sample.cpp
  ${WORK}/build/lib/libvisir-runtime.a -o ${WORK}/make-sample)
run(${qemu} ${WORK}/make-sample ${WORK}/sample.visir)

foreach(threads 1 2)
  run(${qemu} ${WORK}/build/bin/visir-rt run ${WORK}/sample.visir --random 1
    --threads ${threads})
  string(REGEX MATCH "z f32\\[16\\]: min [0-9]+, mean [0-9]+, max [0-9]+" z
    "${out}")
  # The seed gives k = 0 or 1; n is 4.
  if(NOT z MATCHES "z f32\\[16\\]: min (5|9), mean (5|9), max (5|9)$")
    message(FATAL_ERROR "output is\n${out}expected z of 5 or 9")
  endif()
  list(APPEND outputs "${out}")
endforeach()
list(REMOVE_DUPLICATES outputs)
list(LENGTH outputs distinct)
if(NOT distinct EQUAL 1)
  message(FATAL_ERROR "outputs differ with the threads:\n${outputs}")
endif()
run(${qemu} ${WORK}/build/bin/visir-rt inspect ${WORK}/sample.visir)
if(NOT out MATCHES "target     aarch64")
  message(FATAL_ERROR "output is\n${out}expected target aarch64")
endif()
