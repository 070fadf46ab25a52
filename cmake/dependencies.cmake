# Everything comes from the distribution's packages: Debian 12 and later, Ubuntu 24.04.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
# No version: the package rejects any request but one for its own minor version.
find_package(simdjson CONFIG REQUIRED)
# clang 19 rejects the serialiser in the header of 3.6 (Ubuntu 24.04), which nothing here uses; with
# its include guards defined it is left out.
if(simdjson_VERSION MATCHES "^3\\.6\\.")
  target_compile_definitions(gateway_options INTERFACE SIMDJSON_SERIALIZATION_H SIMDJSON_SERIALIZATION_INL_H)
endif()
find_package(yaml-cpp CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(SQLite3 3.37 REQUIRED)

# All sources see these; a precompiled header fits only where the same macros are defined.
target_link_libraries(gateway_options INTERFACE fmt::fmt spdlog::spdlog)

# yaml-cpp 0.7 exports `yaml-cpp`, 0.8 `yaml-cpp::yaml-cpp`.
add_library(cos_gateway_yaml INTERFACE)
if(TARGET yaml-cpp::yaml-cpp)
  target_link_libraries(cos_gateway_yaml INTERFACE yaml-cpp::yaml-cpp)
else()
  target_link_libraries(cos_gateway_yaml INTERFACE yaml-cpp)
endif()

# Asio, Beast and Boost.JSON compiled once instead of in every file that includes them.
add_library(asio_compiled STATIC ${CMAKE_SOURCE_DIR}/cmake/boost_compiled.cpp)
target_link_libraries(asio_compiled PUBLIC gateway_options Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_options(asio_compiled PRIVATE -w)
