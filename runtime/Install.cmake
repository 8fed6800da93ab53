# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cmake --install BUILD --component runtime
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Visir)
set_target_properties(visir_runtime PROPERTIES EXPORT_NAME runtime_static)
set_target_properties(visir_runtime_shared PROPERTIES EXPORT_NAME runtime)
install(TARGETS visir_runtime visir_runtime_shared
  EXPORT VisirRuntimeTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
    NAMELINK_COMPONENT runtime
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include/visir
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT runtime
  FILES_MATCHING PATTERN "runtime.h*")
install(EXPORT VisirRuntimeTargets NAMESPACE Visir::
  DESTINATION ${package} COMPONENT runtime)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/VisirConfig.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/VisirConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(
  ${CMAKE_CURRENT_BINARY_DIR}/VisirConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/VisirConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/VisirConfigVersion.cmake
  DESTINATION ${package} COMPONENT runtime)

# The prefix is known only when installing.
install(CODE "
  set(CMAKE_INSTALL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
  set(CMAKE_INSTALL_INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
  set(PROJECT_VERSION \"${PROJECT_VERSION}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/cmake/visir-runtime.pc.in\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/visir-runtime.pc\"
    @ONLY)" COMPONENT runtime)
