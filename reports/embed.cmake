# Writes files as a C++ source, so that the program needs none of them when it runs.
#
#   deltagauge_embed(out.cc HEADER "harness/x.h" FILES kName=path ...)     when included
#   cmake -DOUT=out.cc -DHEADER=harness/x.h "-DFILES=kName=path;..." -P reports/embed.cmake
#
# The header declares `struct EmbeddedFile { const char* bytes; size_t size; };` and the names, all
# in namespace deltagauge. The source is written at build time, again whenever a file changes.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(source "// Written by reports/embed.cmake.\n#include \"${HEADER}\"\n\nnamespace deltagauge {\n")
  foreach(entry IN LISTS FILES)
    string(REGEX MATCH "^([A-Za-z0-9_]+)=(.+)$" matched "${entry}")
    if(NOT matched)
      message(FATAL_ERROR "embed: '${entry}' is not NAME=PATH")
    endif()
    set(name "${CMAKE_MATCH_1}")
    file(READ "${CMAKE_MATCH_2}" hex HEX)
    string(LENGTH "${hex}" digits)
    if(digits EQUAL 0)
      message(FATAL_ERROR "embed: '${CMAKE_MATCH_2}' is empty")
    endif()
    math(EXPR size "${digits} / 2")
    # A char is signed here and unsigned there: only an unsigned array takes every byte.
    string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
    string(APPEND source
      "static const unsigned char ${name}Bytes[] = {\n${hex}\n};\n"
      "const EmbeddedFile ${name} = {reinterpret_cast<const char*>(${name}Bytes), ${size}};\n")
  endforeach()
  string(APPEND source "}  // namespace deltagauge\n")
  file(WRITE "${OUT}" "${source}")
  return()
endif()

set(DELTAGAUGE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(deltagauge_embed out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER" "FILES")
  set(paths)
  foreach(entry IN LISTS arg_FILES)
    string(REGEX REPLACE "^[^=]*=" "" path "${entry}")
    list(APPEND paths "${path}")
  endforeach()
  add_custom_command(OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" "-DOUT=${out}" "-DHEADER=${arg_HEADER}" "-DFILES=${arg_FILES}"
      -P "${DELTAGAUGE_EMBED_SCRIPT}"
    DEPENDS ${paths} "${DELTAGAUGE_EMBED_SCRIPT}"
    COMMENT "Embedding the files of ${arg_HEADER}"
    VERBATIM)
endfunction()

# The chart library of the page: Chart.js, from Debian's libjs-chart.js or wherever
# DELTAGAUGE_CHART_JS says. It is the same file for every target system.
find_file(DELTAGAUGE_CHART_JS chart.min.js
  PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH
  DOC "Chart.js 3 or 4, minified, for report.html")
if(NOT DELTAGAUGE_CHART_JS)
  message(FATAL_ERROR "Chart.js is missing: install libjs-chart.js, or say where it is with "
    "-DDELTAGAUGE_CHART_JS=FILE")
endif()
