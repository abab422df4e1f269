# Finds the CPU half of libtorch: torch_cpu, c10 and the headers.
#
# find_package(Torch) is not used because a CUDA build of torch then demands a CUDA toolkit. This
# module takes any libtorch, looks only at the two libraries that we link, and also works where
# libtorch_cpu.so itself depends on CUDA libraries that only the run-time loader can find.
#
# Looked for in CMAKE_PREFIX_PATH (a libtorch folder, a torch folder of a Python environment or
# its share/cmake, as torch.utils.cmake_prefix_path prints it), then in build/venv (see ci/deps).
#
# Defines TorchCpu::TorchCpu, TorchCpu_VERSION, TorchCpu_ROOT_DIR and, if torch belongs to a
# virtual environment, TorchCpu_PYTHON.

set(_torch_hints)
foreach(_prefix IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND _torch_hints "${_prefix}" "${_prefix}/../..")
endforeach()
file(GLOB _torch_venv LIST_DIRECTORIES true
  "${PROJECT_SOURCE_DIR}/build/venv/lib/python3*/site-packages/torch"
  "${PROJECT_SOURCE_DIR}/build/venv/Lib/site-packages/torch")

find_path(TorchCpu_INCLUDE_DIR torch/csrc/api/include/torch/version.h
  HINTS ${_torch_hints} PATHS ${_torch_venv} PATH_SUFFIXES include NO_CMAKE_FIND_ROOT_PATH)
get_filename_component(TorchCpu_ROOT_DIR "${TorchCpu_INCLUDE_DIR}" DIRECTORY)
foreach(_library torch_cpu c10)
  find_library(TorchCpu_${_library}_LIBRARY ${_library}
    PATHS "${TorchCpu_ROOT_DIR}" PATH_SUFFIXES lib NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
endforeach()
mark_as_advanced(TorchCpu_INCLUDE_DIR TorchCpu_torch_cpu_LIBRARY TorchCpu_c10_LIBRARY)

# Since 2.9 the numbers live in headeronly/, and the old header only includes that one.
set(TorchCpu_VERSION)
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(NOT TorchCpu_VERSION AND EXISTS "${TorchCpu_INCLUDE_DIR}/${_header}")
    file(STRINGS "${TorchCpu_INCLUDE_DIR}/${_header}" _lines
      REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    list(TRANSFORM _lines REPLACE "^.* ([0-9]+).*$" "\\1")
    list(JOIN _lines "." TorchCpu_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchCpu
  REQUIRED_VARS TorchCpu_torch_cpu_LIBRARY TorchCpu_c10_LIBRARY TorchCpu_INCLUDE_DIR
  VERSION_VAR TorchCpu_VERSION
  REASON_FAILURE_MESSAGE "Run ci/deps, which puts torch into build/venv, or give the folder of a \
libtorch with -DCMAKE_PREFIX_PATH=..., or build without it: -DDELTAGAUGE_TORCH=OFF.")

if(TorchCpu_FOUND)
  get_filename_component(_venv "${TorchCpu_ROOT_DIR}/../../../.." ABSOLUTE)
  find_program(TorchCpu_PYTHON NAMES python3 python
    PATHS "${_venv}/bin" "${_venv}/Scripts" NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  mark_as_advanced(TorchCpu_PYTHON)
endif()

if(TorchCpu_FOUND AND NOT TARGET TorchCpu::TorchCpu)
  add_library(TorchCpu::TorchCpu INTERFACE IMPORTED)
  foreach(_library torch_cpu c10)
    add_library(TorchCpu::${_library} UNKNOWN IMPORTED)
    set_target_properties(TorchCpu::${_library} PROPERTIES
      IMPORTED_LOCATION "${TorchCpu_${_library}_LIBRARY}")
    target_link_libraries(TorchCpu::TorchCpu INTERFACE TorchCpu::${_library})
  endforeach()
  # After the system's folders: torch brings an fmt of its own that would shadow the system's.
  target_compile_options(TorchCpu::TorchCpu INTERFACE
    "SHELL:-idirafter \"${TorchCpu_INCLUDE_DIR}\""
    "SHELL:-idirafter \"${TorchCpu_INCLUDE_DIR}/torch/csrc/api/include\"")
  # libtorch must have been built with the C++11 strings that our compiler uses. Old wheels (before
  # 2.7) were not; their headers don't say so, the library's symbols do.
  file(STRINGS "${TorchCpu_c10_LIBRARY}" _cxx11
    REGEX "_ZN3c105ErrorC.*NSt7__cxx1112basic_string" LIMIT_COUNT 1)
  if(NOT _cxx11 AND NOT WIN32 AND NOT APPLE)
    message(FATAL_ERROR "${TorchCpu_c10_LIBRARY} was built with the old C++ string ABI "
      "(_GLIBCXX_USE_CXX11_ABI=0). Take a libtorch with the cxx11 ABI: every wheel from 2.7 on, or "
      "the 'cxx11-abi' archive.")
  endif()
  # libtorch uses the shared libstdc++. A second one, linked into the program, would make objects
  # that the first one destroys: the program aborts when it ends ("free(): invalid pointer").
  if(NOT WIN32 AND NOT APPLE)
    set(_probe "${CMAKE_BINARY_DIR}/CMakeFiles/TorchCpuProbe")
    try_compile(_links
      SOURCE_FROM_CONTENT probe.cc "#include <iostream>\nint main() { std::cout << std::endl; }\n"
      COPY_FILE "${_probe}" COPY_FILE_ERROR _copy_error)
    set(_shared)
    if(_links AND NOT _copy_error)
      file(STRINGS "${_probe}" _shared REGEX "libstdc\\+\\+\\.so" LIMIT_COUNT 1)
    endif()
    if(NOT _shared)
      message(FATAL_ERROR "${CMAKE_CXX_COMPILER} doesn't link the shared libstdc++ that libtorch "
        "uses. Take a compiler that has libstdc++.so, such as -DCMAKE_CXX_COMPILER=/usr/bin/g++ in "
        "a new build folder, no -static-libstdc++, or build without libtorch: "
        "-DDELTAGAUGE_TORCH=OFF.")
    endif()
  endif()
  # A CUDA build's libtorch_cpu.so needs libraries that the loader finds by libtorch's own
  # run path and the linker does not.
  if(NOT WIN32 AND NOT APPLE)
    target_link_options(TorchCpu::TorchCpu INTERFACE "LINKER:--allow-shlib-undefined")
  endif()
endif()
