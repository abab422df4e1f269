# How the folders declare what they build. SRCS are relative to the calling folder; LIBS are linked
# PRIVATE, PUBLIC_LIBS are linked PUBLIC (only for what our own headers include).
#
#   deltagauge_library(name SRCS a.cc ... [LIBS ...] [PUBLIC_LIBS ...])
#       A static library. Its users can include "kernels/status.h" and so on.
#   deltagauge_module(name SRCS a.cc ... [LIBS ...])
#       A library to be loaded at run time: lib/lib<name>.so. Symbols are hidden by default.
#   deltagauge_executable(name SRCS a.cc ... [LIBS ...])
#       A program: bin/<name>.
#   deltagauge_test(name SRCS a_test.cc ... LABELS unit ... [LIBS ...] [DEFINITIONS A="b" ...]
#                   [TIMEOUT seconds] [THREADED])
#       A GoogleTest program with gtest, gmock and their main() linked: bin/<name>. Each of its
#       tests is a test of ctest, but with the label `torch` the whole program is one, because
#       loading libtorch takes longer than most tests. Nothing happens without BUILD_TESTING. With
#       DELTAGAUGE_THREADED_TESTS (for ThreadSanitizer) only those happen that say THREADED.
#   deltagauge_python_test(name SCRIPT a_test.py LABELS torch ... [ENV K=V ...] [TIMEOUT seconds])
#       Runs the script with the Python that libtorch belongs to; skipped at configuration, with a
#       message, where there is none. Fails unless unittest says that it ran at least one test.
#   deltagauge_schema_test(name SCRIPT a_schema_test.py)
#       Runs the script with the system's Python, which has a JSON schema validator; the script exits
#       with 77, "skipped", where there is none.
#   deltagauge_fuzz(name SRCS a_fuzz.cc ... [LIBS ...])
#       A libFuzzer program, built only with DELTAGAUGE_FUZZ: bin/<name>; ctest runs it briefly.
#
# Labels: unit, per_target, torch, golden, service, browser, slow, fuzz, perf (perf never runs by
# default). Libraries found by the root: hwy::hwy, Threads::Threads, benchmark::benchmark, and
# TorchCpu::TorchCpu where DELTAGAUGE_TORCH is ON.

include(GoogleTest)

set(DELTAGAUGE_LABELS unit per_target torch golden service browser slow fuzz perf)

# Every target of ours links this: include path, warnings, sanitizers.
add_library(deltagauge_flags INTERFACE)
target_include_directories(deltagauge_flags INTERFACE "${PROJECT_SOURCE_DIR}")
if(MSVC)
  target_compile_options(deltagauge_flags INTERFACE /W4 $<$<BOOL:${DELTAGAUGE_WERROR}>:/WX>)
else()
  target_compile_options(deltagauge_flags INTERFACE
    -Wall -Wextra -Wshadow -Wextra-semi -Wfloat-conversion -Wformat=2 -Wimplicit-fallthrough
    -Wnon-virtual-dtor -Woverloaded-virtual -Wundef -Wunused -Wvla
    # A vector type passed between functions of one Highway target is no ABI of ours.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>
    $<$<BOOL:${DELTAGAUGE_WERROR}>:-Werror>)
endif()
# Code without loops over numbers: to optimise instrumented code takes longer than to run it as it is.
if(DELTAGAUGE_SANITIZE AND NOT DELTAGAUGE_FUZZ)
  set(DELTAGAUGE_COLD_OPTIONS -O0)
endif()
set(sanitize ${DELTAGAUGE_SANITIZE})
if(DELTAGAUGE_FUZZ)
  list(APPEND sanitize fuzzer-no-link)
endif()
if(sanitize)
  list(JOIN sanitize "," sanitize)
  target_compile_options(deltagauge_flags INTERFACE
    -fsanitize=${sanitize} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(deltagauge_flags INTERFACE -fsanitize=${sanitize})
endif()

add_custom_target(deltagauge_tests)  # all test programs, and nothing that only people use

macro(_deltagauge_parse single multi)
  cmake_parse_arguments(PARSE_ARGV 1 arg "THREADED" "${single}" "${multi}")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION}(${name}): can't understand "
      "'${arg_UNPARSED_ARGUMENTS}${arg_KEYWORDS_MISSING_VALUES}'")
  endif()
  foreach(label IN LISTS arg_LABELS)
    if(NOT label IN_LIST DELTAGAUGE_LABELS)
      message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION}(${name}): unknown label '${label}'; known: "
        "${DELTAGAUGE_LABELS}")
    endif()
  endforeach()
endmacro()

function(deltagauge_library name)
  _deltagauge_parse("" "SRCS;LIBS;PUBLIC_LIBS")
  add_library(${name} STATIC ${arg_SRCS})
  target_include_directories(${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
  target_link_libraries(${name}
    PUBLIC ${arg_PUBLIC_LIBS} PRIVATE "$<BUILD_INTERFACE:deltagauge_flags>" ${arg_LIBS})
endfunction()

function(deltagauge_module name)
  _deltagauge_parse("" "SRCS;LIBS")
  add_library(${name} SHARED ${arg_SRCS})
  target_link_libraries(${name} PRIVATE deltagauge_flags ${arg_LIBS})
endfunction()

function(deltagauge_executable name)
  _deltagauge_parse("" "SRCS;LIBS")
  add_executable(${name} ${arg_SRCS})
  target_link_libraries(${name} PRIVATE deltagauge_flags ${arg_LIBS})
endfunction()

function(deltagauge_test name)
  _deltagauge_parse("TIMEOUT" "SRCS;LIBS;LABELS;DEFINITIONS")
  if(NOT arg_LABELS)
    message(FATAL_ERROR "deltagauge_test(${name}): give it LABELS")
  endif()
  if(NOT TARGET GTest::gtest OR (DELTAGAUGE_THREADED_TESTS AND NOT arg_THREADED))
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(CMAKE_CROSSCOMPILING)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 6")  # an emulator runs them
  endif()
  add_executable(${name} ${arg_SRCS})
  add_dependencies(deltagauge_tests ${name})
  target_link_libraries(${name} PRIVATE
    deltagauge_flags ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE ${arg_DEFINITIONS})
  if(NOT MSVC)
    # What is tested is optimised; the tests themselves only cost time to compile.
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1> ${DELTAGAUGE_COLD_OPTIONS})
  endif()
  if("torch" IN_LIST arg_LABELS)
    add_test(NAME ${name} COMMAND ${name})
    # Waiting threads sleep: spinning ones, on a machine that does something else as well, made a
    # minute's test run into its time limit.
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
      FAIL_REGULAR_EXPRESSION "Running 0 tests" ENVIRONMENT "OMP_WAIT_POLICY=passive")
  else()
    gtest_discover_tests(${name} TEST_PREFIX "${name}." NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
      DISCOVERY_TIMEOUT 60 TEST_LIST ${name}_tests PROPERTIES TIMEOUT ${arg_TIMEOUT})
    # A list of labels doesn't survive gtest_discover_tests(PROPERTIES): ctest sets it afterwards.
    set(labels_file "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
    file(CONFIGURE OUTPUT "${labels_file}" @ONLY CONTENT [[
if(NOT @name@_tests)
  message(FATAL_ERROR "@name@ holds no test, or is not built")
endif()
set_tests_properties(${@name@_tests} PROPERTIES LABELS "@arg_LABELS@")
]])
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels_file}")
  endif()
endfunction()

function(deltagauge_python_test name)
  _deltagauge_parse("SCRIPT;TIMEOUT" "LABELS;ENV")
  if(NOT BUILD_TESTING)
    return()
  endif()
  if(NOT TorchCpu_PYTHON)
    message(STATUS "${name} is left out: libtorch came without its Python")
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)
  endif()
  add_test(NAME ${name}
    COMMAND "${TorchCpu_PYTHON}" -B "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT}" --verbose)
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${arg_ENV}" FAIL_REGULAR_EXPRESSION "Ran 0 tests|NO TESTS RAN")
endfunction()

function(deltagauge_schema_test name)
  _deltagauge_parse("SCRIPT" "")
  # The system's own, for which ci/deps installs the validator.
  find_program(DELTAGAUGE_PYTHON NAMES python3 python HINTS /usr/bin NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(DELTAGAUGE_PYTHON)
  if(NOT BUILD_TESTING OR DELTAGAUGE_FUZZ OR DELTAGAUGE_THREADED_TESTS OR NOT DELTAGAUGE_PYTHON)
    return()
  endif()
  add_test(NAME ${name}
    COMMAND "${DELTAGAUGE_PYTHON}" -B "${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT}" --verbose)
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120 SKIP_RETURN_CODE 77
    FAIL_REGULAR_EXPRESSION "Ran 0 tests|NO TESTS RAN")
endfunction()

function(deltagauge_fuzz name)
  _deltagauge_parse("" "SRCS;LIBS")
  if(NOT DELTAGAUGE_FUZZ)
    return()
  endif()
  add_executable(${name} ${arg_SRCS})
  target_link_libraries(${name} PRIVATE deltagauge_flags ${arg_LIBS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_test(NAME ${name} COMMAND ${name} -runs=50000 -max_total_time=60)
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
