# Installs the kernel library in a new folder, moves that folder, builds cmake/consumer against it and
# runs it. A consumer that asks for another version must be refused. The program, moved too, must run the
# configuration that lies beside it and not the one of the sources.
#   cmake -DBUILD=... -DSOURCE=... -DCOMPILER=... -DGENERATOR=... -DHWY=... -DPROGRAM=...
#         -P install_test.cmake
set(work "${BUILD}/install_test")
file(REMOVE_RECURSE "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  message("${output}")
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}")
  endif()
endfunction()

run("${CMAKE_COMMAND}" --install "${BUILD}" --component development --prefix "${work}/first")
# Nothing in the package may hang on where it was installed.
file(RENAME "${work}/first" "${work}/moved here")

set(configure "${CMAKE_COMMAND}" -S "${work}/consumer" -B "${work}/build" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_BUILD_TYPE=Release" "-Dhwy_DIR=${HWY}"
  "-DCMAKE_PREFIX_PATH=${work}/moved here")
# A copy: beside the sources, a header that is not installed would be found all the same.
file(COPY "${SOURCE}/cmake/consumer" DESTINATION "${work}")
run(${configure})
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")

file(READ "${work}/consumer/CMakeLists.txt" project)
string(REPLACE "DeltaGauge 0.1" "DeltaGauge 9.9" project "${project}")
file(WRITE "${work}/consumer/CMakeLists.txt" "${project}")
file(REMOVE_RECURSE "${work}/build")
execute_process(COMMAND ${configure} RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE output)
if(status EQUAL 0 OR NOT output MATCHES "9\\.9")
  message(FATAL_ERROR "a consumer that asks for version 9.9 was not refused: ${output}")
endif()

file(COPY "${PROGRAM}" DESTINATION "${work}/moved here/bin")
file(WRITE "${work}/moved here/share/deltagauge/configs/quick.yaml"
  "version: 1\nname: beside\nkernel: {shapes: [{tokens: 3}], regimes: none}\n"
  "gates: [{metric: kernel.error_ratio, max: 2}]\n")
get_filename_component(program "${PROGRAM}" NAME)
execute_process(COMMAND "${work}/moved here/bin/${program}" list
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT status EQUAL 0 OR NOT output MATCHES "1 case")
  message(FATAL_ERROR "the program did not read the configuration beside it: ${output}")
endif()
file(REMOVE_RECURSE "${work}")
