# PCRE2's library for 8-bit text: Pcre2::Pcre2. Debian's package brings no CMake files, and pkg-config
# doesn't follow a toolchain file.
find_path(Pcre2_INCLUDE_DIR pcre2.h)
find_library(Pcre2_LIBRARY pcre2-8)
mark_as_advanced(Pcre2_INCLUDE_DIR Pcre2_LIBRARY)
set(Pcre2_VERSION)
if(Pcre2_INCLUDE_DIR)
  file(STRINGS "${Pcre2_INCLUDE_DIR}/pcre2.h" _lines REGEX "^#define PCRE2_(MAJOR|MINOR) +[0-9]+")
  list(TRANSFORM _lines REPLACE "^.* ([0-9]+).*$" "\\1")
  list(JOIN _lines "." Pcre2_VERSION)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Pcre2
  REQUIRED_VARS Pcre2_LIBRARY Pcre2_INCLUDE_DIR VERSION_VAR Pcre2_VERSION)
if(Pcre2_FOUND AND NOT TARGET Pcre2::Pcre2)
  add_library(Pcre2::Pcre2 UNKNOWN IMPORTED)
  set_target_properties(Pcre2::Pcre2 PROPERTIES IMPORTED_LOCATION "${Pcre2_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Pcre2_INCLUDE_DIR}")
endif()
