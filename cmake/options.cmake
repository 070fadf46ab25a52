# The one target that carries warnings, sanitizers and every macro that changes a class layout,
# so that no two translation units can disagree about them.
add_library(gateway_options INTERFACE)
target_compile_features(gateway_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)

target_compile_options(gateway_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
  -Wunused -Woverloaded-virtual -Wimplicit-fallthrough -Werror=unused-result -Werror=return-type)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A precompiled header is found by its content, not its date: ccache can then serve it.
  target_compile_options(gateway_options INTERFACE -Wconversion -Wthread-safety
    "SHELL:-Xclang -fno-pch-timestamp")
else()
  # Asio's coroutine frames trip these in g++ 12 without cause.
  target_compile_options(gateway_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict
    -Wno-mismatched-new-delete)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(WARNING "g++ older than 13 miscompiles coroutines (GCC bugs 99576, 100611, 106188, 107288). "
                    "This code keeps to spellings known to be safe, but clang 19 is what is tested and shipped.")
  endif()
endif()
if(COS_GATEWAY_WERROR)
  target_compile_options(gateway_options INTERFACE -Werror)
endif()

target_compile_definitions(gateway_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  # Coroutine frames below a session are recycled instead of allocated; the default of 2 covers two levels.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
  # Every simdjson result must then be tested; an unchecked access does not compile.
  SIMDJSON_EXCEPTIONS=0)

if(COS_GATEWAY_SANITIZE)
  target_compile_options(gateway_options INTERFACE
    -fsanitize=${COS_GATEWAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gateway_options INTERFACE -fsanitize=${COS_GATEWAY_SANITIZE})
  # Recycled coroutine frames would hide a use after free.
  target_compile_definitions(gateway_options INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()
# Targets with the property COS_GATEWAY_QUICK are compiled quickly rather than well: tests, which cost
# more to optimise than to run.
set(cos_gateway_shipped "$<NOT:$<BOOL:$<TARGET_PROPERTY:COS_GATEWAY_QUICK>>>")
# Those with the property COS_GATEWAY_COLD are off the way of events: what they cost is to compile.
define_property(TARGET PROPERTY COS_GATEWAY_COLD)
set(cos_gateway_cold_options "")
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  target_compile_options(gateway_options INTERFACE
    $<$<BOOL:$<TARGET_PROPERTY:COS_GATEWAY_QUICK>>:-O0>)
  set(cos_gateway_cold_options -O1 -g0)
endif()
target_compile_options(gateway_options INTERFACE
  "$<$<BOOL:$<TARGET_PROPERTY:COS_GATEWAY_COLD>>:${cos_gateway_cold_options}>")
if(COS_GATEWAY_HARDEN AND CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$"
   AND NOT COS_GATEWAY_SANITIZE AND NOT COS_GATEWAY_COVERAGE)
  include(cmake/hardening.cmake)
endif()
if(COS_GATEWAY_FUZZERS)
  # The libraries need the coverage counters that guide libFuzzer, but not its main.
  target_compile_options(gateway_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(gateway_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(COS_GATEWAY_COVERAGE)
  target_compile_options(gateway_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(gateway_options INTERFACE -fprofile-instr-generate)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE_PROGRAM})
endif()
