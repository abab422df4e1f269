# Cross build for 64-bit Windows: clang with the headers and libraries of MinGW-w64 (posix threads);
# programs run under wine. Not GCC, which doesn't keep vectors on the stack aligned there (GCC bug
# 54412). Packages: ci/deps --windows. Libraries: ci/windows builds them into build/windows-libraries.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER clang-14)
set(CMAKE_CXX_COMPILER clang++-14)
set(CMAKE_C_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_CXX_COMPILER_TARGET x86_64-w64-mingw32)
set(CMAKE_AR x86_64-w64-mingw32-ar)
set(CMAKE_RANLIB x86_64-w64-mingw32-ranlib)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

# Clang doesn't look for the folders of GCC's posix variant by itself.
execute_process(COMMAND x86_64-w64-mingw32-g++-posix -print-file-name=libstdc++.a
  OUTPUT_VARIABLE standard_library OUTPUT_STRIP_TRAILING_WHITESPACE)
get_filename_component(gcc_folder "${standard_library}" DIRECTORY)
set(CMAKE_CXX_FLAGS_INIT
  "-stdlib++-isystem ${gcc_folder}/include/c++ -isystem ${gcc_folder}/include/c++/x86_64-w64-mingw32")
# Programs that need no DLL but Windows' own. Clang and GCC lay out some read-only data of the
# standard library differently; the linker keeps one and says so each time: not to our readers.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -L${gcc_folder} -B${gcc_folder}")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static -L${gcc_folder} -B${gcc_folder}")
set(CMAKE_MODULE_LINKER_FLAGS_INIT "-static -L${gcc_folder} -B${gcc_folder}")
set(CMAKE_CXX_STANDARD_LIBRARIES
  "-Wl,--start-group -lstdc++ -lgcc_eh -lgcc -lpthread -lmingwex -Wl,--end-group")

set(CMAKE_FIND_ROOT_PATH "${CMAKE_CURRENT_LIST_DIR}/../build/windows-libraries"
  /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# What pkg-config tells is of the libraries for Windows, too.
set(ENV{PKG_CONFIG_LIBDIR} "${CMAKE_CURRENT_LIST_DIR}/../build/windows-libraries/lib/pkgconfig")
set(CMAKE_CROSSCOMPILING_EMULATOR "${CMAKE_CURRENT_LIST_DIR}/wine")
