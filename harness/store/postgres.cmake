# What PostgreSQL needs of the store. Sets `postgres_srcs` and `postgres_libs`, and says how a test
# program runs against a server.
if(DELTAGAUGE_POSTGRES)
  find_package(PostgreSQL REQUIRED)  # the client library, libpq
  set(postgres_srcs database_postgres.cc)
  set(postgres_libs PostgreSQL::PostgreSQL)
else()
  set(postgres_srcs database_postgres_none.cc)
  set(postgres_libs)
endif()

# add_postgres_test(name program): the whole test program beside a private server.
function(add_postgres_test name program)
  if(NOT DELTAGAUGE_POSTGRES OR NOT TARGET ${program} OR NOT DELTAGAUGE_PYTHON
      OR CMAKE_CROSSCOMPILING OR WIN32)
    return()
  endif()
  add_test(NAME ${name}
    COMMAND "${DELTAGAUGE_PYTHON}" -B "${PROJECT_SOURCE_DIR}/ci/postgres.py"
      $<TARGET_FILE:${program}>)
  # A test that looks for the server and doesn't find it has not been run.
  set_tests_properties(${name} PROPERTIES LABELS service TIMEOUT 300 SKIP_RETURN_CODE 77
    FAIL_REGULAR_EXPRESSION "Running 0 tests|DELTAGAUGE_TEST_POSTGRES names no server")
endfunction()
