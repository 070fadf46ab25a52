# The layers: each a folder of src/ and a library, in the order in which they are linked. A layer
# includes from itself, from events and runtime, and from the layers of its line, all of which stand
# above it. So a circle cannot be declared, and an include that is not declared does not build.
set(cos_gateway_layers
  "events:"
  "runtime:"
  "cloud:"
  "gateway/domain:"
  "gateway/metrics:      gateway/domain"
  "gateway/routing:      gateway/domain"
  "gateway/config:       cloud gateway/routing"
  "gateway/http:"
  "gateway/tls:          cloud gateway/domain gateway/metrics gateway/config"
  "gateway/transport:    gateway/http gateway/tls"
  "gateway/auth:         cloud gateway/domain gateway/metrics gateway/routing gateway/config
                         gateway/http"
  "gateway/pipeline:     cloud gateway/domain gateway/metrics gateway/routing gateway/config
                         gateway/http"
  "gateway/ingress:      gateway/domain gateway/metrics gateway/config gateway/http gateway/tls
                         gateway/transport gateway/auth gateway/pipeline"
  "gateway/egress/segments:"
  "gateway/egress/store:    gateway/config gateway/egress/segments"
  "gateway/egress/rows:     gateway/config gateway/egress/segments gateway/egress/store"
  "gateway/egress/policy:   gateway/domain gateway/config"
  "gateway/egress/access:   gateway/config"
  "gateway/egress/address:  gateway/config gateway/http gateway/tls gateway/transport
                            gateway/egress/policy"
  "gateway/egress/eventbus: gateway/domain gateway/metrics gateway/config gateway/http gateway/tls
                            gateway/transport gateway/pipeline gateway/egress/segments
                            gateway/egress/store gateway/egress/policy gateway/egress/access
                            gateway/egress/address"
  "gateway/egress/replay:   gateway/domain gateway/pipeline gateway/egress/segments
                            gateway/egress/store gateway/egress/eventbus"
  "gateway/egress:          gateway/config gateway/pipeline gateway/egress/store
                            gateway/egress/eventbus gateway/egress/replay"
  "gateway/provisioning: cloud gateway/config gateway/auth"
  "gateway/observe:      cloud gateway/domain gateway/metrics gateway/config gateway/http gateway/tls
                         gateway/pipeline gateway/egress/segments gateway/egress/store
                         gateway/egress/rows gateway/egress/eventbus"
  "gateway/checkup:      cloud gateway/domain gateway/config gateway/http gateway/tls gateway/transport
                         gateway/ingress gateway/egress/segments gateway/egress/store
                         gateway/egress/access gateway/egress/address gateway/egress/eventbus
                         gateway/egress/replay gateway/provisioning gateway/observe"
  "gateway/replay:       gateway/metrics gateway/config gateway/pipeline gateway/egress/segments
                         gateway/egress/store gateway/egress/rows gateway/egress/access
                         gateway/egress/eventbus gateway/egress/replay gateway/observe"
  "gateway:              cloud gateway/domain gateway/metrics gateway/config gateway/tls
                         gateway/transport gateway/auth gateway/pipeline gateway/ingress
                         gateway/egress/segments gateway/egress/store gateway/egress/policy
                         gateway/egress/access gateway/egress/eventbus gateway/egress
                         gateway/provisioning gateway/observe")

# As a script (-P): compares the includes of src/ with the table.
if(CMAKE_SCRIPT_MODE_FILE)
  cmake_policy(VERSION 3.25)
  cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH root)
  set(failed FALSE)
  set(folders "")
  foreach(line IN LISTS cos_gateway_layers)
    string(REGEX MATCH "^[^:]+" folder "${line}")
    list(APPEND folders ${folder})
  endforeach()
  foreach(line IN LISTS cos_gateway_layers)
    string(REGEX MATCH "^([^:]+):(.*)" line "${line}")
    set(folder ${CMAKE_MATCH_1})
    separate_arguments(allowed UNIX_COMMAND "${CMAKE_MATCH_2}")
    list(APPEND allowed ${folder} events)
    if(NOT folder STREQUAL events)
      list(APPEND allowed runtime)
    endif()
    file(GLOB files ${root}/src/${folder}/*.hpp ${root}/src/${folder}/*.cpp)
    foreach(file IN LISTS files)
      file(STRINGS ${file} includes REGEX "^#include \"[a-z]")
      foreach(include IN LISTS includes)
        string(REGEX MATCH "\"([^\"]+)/[^/\"]+\"" include "${include}")
        set(used "${CMAKE_MATCH_1}")
        if(used IN_LIST allowed OR include MATCHES "gateway/version.hpp")
          continue()
        endif()
        cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${root} OUTPUT_VARIABLE name)
        message("${name} includes ${include}: ${folder} may not use ${used} (cmake/layers.cmake)")
        set(failed TRUE)
      endforeach()
    endforeach()
  endforeach()
  if(failed)
    message(FATAL_ERROR "src/ does not keep to its layers")
  endif()
  return()
endif()

# Layers off the way of events, and others whose files are compiled in batches.
set(cos_gateway_cold_layers cloud gateway/config gateway/provisioning gateway/observe gateway/checkup
  gateway/replay)
set(cos_gateway_batched_layers ${cos_gateway_cold_layers} gateway/routing gateway/tls
  gateway/egress/segments gateway/egress/store gateway/egress/rows gateway/egress/access
  gateway/egress/address)

# Makes a library of each layer: gateway_egress_store of src/gateway/egress/store.
function(cos_gateway_add_layers)
  set(all_sources "")
  foreach(line IN LISTS cos_gateway_layers)
    string(REGEX MATCH "^([^:]+):(.*)" line "${line}")
    set(folder ${CMAKE_MATCH_1})
    separate_arguments(uses UNIX_COMMAND "${CMAKE_MATCH_2}")
    if(folder STREQUAL runtime)
      list(APPEND uses events)
    elseif(NOT folder STREQUAL events)
      list(APPEND uses events runtime)
    endif()
    string(REPLACE / _ name ${folder})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cpp)
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.hpp)
    list(APPEND all_sources ${sources} ${headers})
    add_library(${name} STATIC ${sources})
    # Where all sources are compiled with the event path, the library itself is empty.
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    if(folder MATCHES "^gateway")
      target_include_directories(${name} PUBLIC ${CMAKE_BINARY_DIR}/generated)
      target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
      target_link_libraries(${name} PUBLIC Boost::url)
    endif()
    target_link_libraries(${name} PUBLIC gateway_options)
    if(folder STREQUAL events)
      target_link_libraries(${name} PUBLIC $<LINK_ONLY:Boost::url>)  # uri.cpp alone includes it
    endif()
    target_precompile_headers(${name} REUSE_FROM precompiled)
    if(folder IN_LIST cos_gateway_cold_layers)
      set_target_properties(${name} PROPERTIES COS_GATEWAY_COLD ON)
    endif()
    if(folder IN_LIST cos_gateway_batched_layers)
      cos_gateway_batches(${name} ${sources})
    endif()
    foreach(used IN LISTS uses)
      string(REPLACE / _ used ${used})
      if(NOT TARGET ${used})
        message(FATAL_ERROR "cmake/layers.cmake: ${folder} uses ${used}, which does not stand above it")
      endif()
      target_link_libraries(${name} PUBLIC ${used})
    endforeach()
  endforeach()

  # Who links the gateway has all layers.
  target_link_libraries(gateway INTERFACE gateway_checkup gateway_replay)

  set(stamp ${CMAKE_BINARY_DIR}/generated/layers.stamp)
  set(script ${CMAKE_SOURCE_DIR}/cmake/layers.cmake)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_COMMAND} -P ${script}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${all_sources} ${script} COMMENT "Comparing includes with the layers" VERBATIM)
  add_custom_target(layers DEPENDS ${stamp})
  add_dependencies(gateway layers)
endfunction()
