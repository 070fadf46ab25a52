# The relay function as a zip, embedded in the cloud library. Included, this makes the rule; run by
# that rule as a script, it packs RELAY_SOURCE and writes RELAY_OUTPUT (C++).
if(CMAKE_SCRIPT_MODE_FILE)
  # Whatever the umask, the dates of the checkout and the builder's settings: equal sources shall give
  # equal bytes, as what is deployed is recognised by their hash.
  get_filename_component(folder ${RELAY_OUTPUT} DIRECTORY)
  set(folder ${folder}/relay_package)
  file(REMOVE_RECURSE ${folder})
  file(MAKE_DIRECTORY ${folder})
  file(COPY_FILE ${RELAY_SOURCE} ${folder}/index.js)
  file(CHMOD ${folder}/index.js PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env TZ=UTC touch -d "2020-01-01 00:00:00" index.js
    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env TZ=UTC --unset=ZIP --unset=ZIPOPT
      ${RELAY_ZIP_PROGRAM} -X -9 -q relay.zip index.js
    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  include(${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake)
  embed_bytes(${folder}/relay.zip ${RELAY_OUTPUT} cloud/relay_package.hpp gateway::cloud relay_zip)
  return()
endif()

find_program(COS_GATEWAY_ZIP_PROGRAM zip DOC "Info-ZIP's zip, which packs the relay function")
if(NOT COS_GATEWAY_ZIP_PROGRAM)
  message(FATAL_ERROR "zip is not installed; it packs the relay function (package zip, or ./dev setup)")
endif()

set(relay_source ${CMAKE_SOURCE_DIR}/src/cloud/relay/index.js)
set(relay_output ${CMAKE_BINARY_DIR}/generated/cloud/relay_package.cpp)
add_custom_command(
  OUTPUT ${relay_output}
  COMMAND ${CMAKE_COMMAND} -DRELAY_SOURCE=${relay_source} -DRELAY_OUTPUT=${relay_output}
    -DRELAY_ZIP_PROGRAM=${COS_GATEWAY_ZIP_PROGRAM} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${relay_source} ${CMAKE_CURRENT_LIST_FILE} ${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake
  COMMENT "Packing the relay function"
  VERBATIM)
target_sources(cloud PRIVATE ${relay_output})
