# What `cmake --install` puts where, by component, and what cpack makes of it.
#
#   runtime      bin/deltagauge, its configurations, the small model, completions and man page
#   development  libdeltagauge_kernels.a, its headers, the CMake package DeltaGauge
#   torch        libdeltagauge_ops.so, for torch.ops.load_library
#
#   cmake --install build/release --prefix /usr/local --component development
#   find_package(DeltaGauge) and target_link_libraries(mine PRIVATE DeltaGauge::kernels)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(share "${CMAKE_INSTALL_DATADIR}/deltagauge")

# --- development
set_target_properties(deltagauge_kernels PROPERTIES EXPORT_NAME kernels)
target_compile_features(deltagauge_kernels PUBLIC cxx_std_20)
target_include_directories(deltagauge_kernels INTERFACE
  "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/deltagauge>")
install(TARGETS deltagauge_kernels EXPORT DeltaGaugeTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(FILES kernels/candidate.h kernels/gated_delta_rule.h kernels/parallel_for.h kernels/status.h
    kernels/targets.h
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/deltagauge/kernels" COMPONENT development)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/DeltaGauge")
install(EXPORT DeltaGaugeTargets NAMESPACE DeltaGauge:: DESTINATION "${package}"
  COMPONENT development)
configure_package_config_file(cmake/DeltaGaugeConfig.cmake.in
  "${PROJECT_BINARY_DIR}/DeltaGaugeConfig.cmake" INSTALL_DESTINATION "${package}")
# Before 1.0 a new second number may break what the one before promised.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/DeltaGaugeConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/DeltaGaugeConfig.cmake"
  "${PROJECT_BINARY_DIR}/DeltaGaugeConfigVersion.cmake"
  DESTINATION "${package}" COMPONENT development)

# --- runtime
install(TARGETS deltagauge RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime)
if(WIN32)
  install(TARGETS deltagauge_plugin_worker
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT runtime)
endif()
install(DIRECTORY configs/ DESTINATION "${share}/configs" COMPONENT runtime
  FILES_MATCHING PATTERN "*.yaml" PATTERN "*.json")
install(DIRECTORY reference/fixtures/qwen3_5-tiny DESTINATION "${share}/data" COMPONENT runtime
  PATTERN "golden_*" EXCLUDE)
install(FILES CHANGELOG.md LICENSE NOTICE README.md
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/deltagauge" COMPONENT runtime)
if(NOT CMAKE_CROSSCOMPILING AND NOT WIN32)
  set(documents "${PROJECT_BINARY_DIR}/documents")
  add_custom_command(OUTPUT "${documents}/deltagauge.1"
    BYPRODUCTS "${documents}/deltagauge.bash" "${documents}/_deltagauge"
      "${documents}/deltagauge.fish"
    COMMAND "${CMAKE_COMMAND}" "-DPROGRAM=$<TARGET_FILE:deltagauge>" "-DOUTPUT=${documents}"
      -P "${PROJECT_SOURCE_DIR}/cmake/WriteDocuments.cmake"
    DEPENDS deltagauge "${PROJECT_SOURCE_DIR}/cmake/WriteDocuments.cmake"
    VERBATIM)
  add_custom_target(deltagauge_documents ALL DEPENDS "${documents}/deltagauge.1")
  install(FILES "${documents}/deltagauge.1"
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT runtime)
  set(completions "${CMAKE_INSTALL_DATADIR}")
  install(FILES "${documents}/deltagauge.bash" RENAME deltagauge
    DESTINATION "${completions}/bash-completion/completions" COMPONENT runtime)
  install(FILES "${documents}/_deltagauge"
    DESTINATION "${completions}/zsh/site-functions" COMPONENT runtime)
  install(FILES "${documents}/deltagauge.fish"
    DESTINATION "${completions}/fish/vendor_completions.d" COMPONENT runtime)
endif()

# --- torch
if(TARGET deltagauge_ops)
  # libtorch comes out of a Python environment: found where it was when this was built, or already
  # loaded by Python.
  set_target_properties(deltagauge deltagauge_ops PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS deltagauge_ops
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT torch
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT torch)
endif()

# A project of its own builds against what was installed, and runs; an installed program finds its
# configurations.
if(BUILD_TESTING AND NOT DELTAGAUGE_FUZZ AND NOT DELTAGAUGE_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  add_test(NAME install_consumer
    COMMAND "${CMAKE_COMMAND}" -DBUILD=${PROJECT_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR}
      -DCOMPILER=${CMAKE_CXX_COMPILER} -DGENERATOR=${CMAKE_GENERATOR} -DHWY=${hwy_DIR}
      -DPROGRAM=$<TARGET_FILE:deltagauge>
      -P "${PROJECT_SOURCE_DIR}/cmake/install_test.cmake")
  set_tests_properties(install_consumer PROPERTIES LABELS unit TIMEOUT 300)
  add_dependencies(deltagauge_tests deltagauge deltagauge_kernels)
  if(TARGET deltagauge_ops)
    deltagauge_python_test(install_torch_ops SCRIPT cmake/install_test.py LABELS torch
      ENV "DELTAGAUGE_BUILD=${PROJECT_BINARY_DIR}" "DELTAGAUGE_CMAKE=${CMAKE_COMMAND}")
  endif()
endif()

# --- packages: `ci/package`
set(CPACK_PACKAGE_NAME deltagauge)
set(CPACK_PACKAGE_VENDOR "DeltaGauge authors")
set(CPACK_PACKAGE_CONTACT "DeltaGauge authors <deltagauge@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "Correctness and benchmark harness for kernels of the gated delta rule")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_CHECKSUM SHA256)
string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" platform)
set(CPACK_PACKAGE_FILE_NAME "deltagauge-${PROJECT_VERSION}-${platform}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/CPackOfGenerator.cmake" @ONLY CONTENT [[
# A .zip is unpacked anywhere and so has a folder of its own; a .deb has the system's.
if(CPACK_GENERATOR STREQUAL "ZIP")
  set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
endif()
]])
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_BINARY_DIR}/CPackOfGenerator.cmake")
set(CPACK_STRIP_FILES ON)
if(WIN32)
  set(CPACK_GENERATOR ZIP)
else()
  set(CPACK_GENERATOR DEB ZIP)
endif()
# One file with all components.
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libhwy-dev")  # to build against the kernel library
include(CPack)
