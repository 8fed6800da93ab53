# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How parts join the runtime library. All of it is compiled without exceptions,
# RTTI and thread-safe statics, and with hidden symbols: only visir_* leave.

add_library(visir_runtime_flags INTERFACE)
target_link_libraries(visir_runtime_flags INTERFACE visir_flags visir_schema)
target_compile_options(visir_runtime_flags INTERFACE
  -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden
  -fvisibility-inlines-hidden -ffunction-sections -fdata-sections
  -fno-asynchronous-unwind-tables)

# Lists the objects and drivers that make up the library.
add_library(visir_runtime_parts INTERFACE)

# visir_runtime_part(NAME sources...): objects of the runtime library.
function(visir_runtime_part name)
  add_library(${name} OBJECT ${ARGN})
  target_link_libraries(${name} PUBLIC visir_runtime_flags)
  visir_fuzzed(${name})
  add_dependencies(${name} visir_schema_header)
  target_sources(visir_runtime PRIVATE $<TARGET_OBJECTS:${name}>)
  target_sources(visir_runtime_shared PRIVATE $<TARGET_OBJECTS:${name}>)
endfunction()

# visir_runtime_driver(NAME sources...): a part that defines the Driver
# visir::runtime::<NAME>Driver, which the runtime tries in order of listing.
function(visir_runtime_driver name)
  visir_runtime_part(visir_driver_${name} ${ARGN})
  set_property(TARGET visir_runtime_parts APPEND PROPERTY
    INTERFACE_VISIR_DRIVERS "VISIR_DRIVER(${name}Driver)")
endfunction()
