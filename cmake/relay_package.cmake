# The relay function as a zip, embedded in the cloud library. Included, this makes the rule; run by
# that rule as a script, it packs RELAY_SOURCES, a list of files joined by '|', and writes RELAY_OUTPUT
# (C++).
if(CMAKE_SCRIPT_MODE_FILE)
  # Whatever the umask, the dates of the checkout and the builder's settings: equal sources shall give
  # equal bytes, as what is deployed is recognised by their hash.
  get_filename_component(folder ${RELAY_OUTPUT} DIRECTORY)
  set(folder ${folder}/relay_package)
  file(REMOVE_RECURSE ${folder})
  file(MAKE_DIRECTORY ${folder})
  string(REPLACE "|" ";" sources ${RELAY_SOURCES})
  set(names)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME)
    file(COPY_FILE ${source} ${folder}/${name})
    file(CHMOD ${folder}/${name} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    list(APPEND names ${name})
  endforeach()
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env TZ=UTC touch -d "2020-01-01 00:00:00" ${names}
    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env TZ=UTC --unset=ZIP --unset=ZIPOPT
      ${RELAY_ZIP_PROGRAM} -X -9 -q relay.zip ${names}
    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  include(${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake)
  embed_bytes(${folder}/relay.zip ${RELAY_OUTPUT} cloud/relay_package.hpp gateway::cloud relay_zip)
  return()
endif()

find_program(COS_GATEWAY_ZIP_PROGRAM zip DOC "Info-ZIP's zip, which packs the relay function")
if(NOT COS_GATEWAY_ZIP_PROGRAM)
  message(FATAL_ERROR "zip is not installed; it packs the relay function (package zip, or ./dev setup)")
endif()

set(relay_sources ${CMAKE_SOURCE_DIR}/src/cloud/relay/cloud_events.js
  ${CMAKE_SOURCE_DIR}/src/cloud/relay/index.js)
list(JOIN relay_sources "|" relay_joined)
set(relay_output ${CMAKE_BINARY_DIR}/generated/cloud/relay_package.cpp)
add_custom_command(
  OUTPUT ${relay_output}
  COMMAND ${CMAKE_COMMAND} -DRELAY_SOURCES=${relay_joined} -DRELAY_OUTPUT=${relay_output}
    -DRELAY_ZIP_PROGRAM=${COS_GATEWAY_ZIP_PROGRAM} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${relay_sources} ${CMAKE_CURRENT_LIST_FILE} ${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake
  COMMENT "Packing the relay function"
  VERBATIM)
target_sources(cloud PRIVATE ${relay_output})
