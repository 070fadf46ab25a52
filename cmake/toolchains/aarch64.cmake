# For 64-bit ARM, from any machine: clang for that target and Debian's arm64 libraries in a folder.
# `./dev build aarch64` makes the folder, then builds.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
get_filename_component(CMAKE_SYSROOT ${CMAKE_CURRENT_LIST_DIR}/../../build/sysroot-aarch64 ABSOLUTE)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)

# Programs from here, what is compiled against and linked from there.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# ctest runs the tests in it.
find_program(COS_GATEWAY_QEMU qemu-aarch64-static)
if(COS_GATEWAY_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${COS_GATEWAY_QEMU} -L ${CMAKE_SYSROOT})
endif()
