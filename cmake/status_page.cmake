# The status page, embedded in the library of observe/. Included, this makes the rule; run by that rule
# as a script, it writes PAGE_SOURCE as C++ to PAGE_OUTPUT.
if(CMAKE_SCRIPT_MODE_FILE)
  include(${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake)
  embed_bytes(${PAGE_SOURCE} ${PAGE_OUTPUT} gateway/observe/page.hpp gateway::observe page_html)
  return()
endif()

set(page_source ${CMAKE_SOURCE_DIR}/src/gateway/observe/page/index.html)
set(page_output ${CMAKE_BINARY_DIR}/generated/gateway/observe/page_bytes.cpp)
add_custom_command(
  OUTPUT ${page_output}
  COMMAND ${CMAKE_COMMAND} -DPAGE_SOURCE=${page_source} -DPAGE_OUTPUT=${page_output}
    -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${page_source} ${CMAKE_CURRENT_LIST_FILE} ${CMAKE_CURRENT_LIST_DIR}/embed_bytes.cmake
  COMMENT "Embedding the status page"
  VERBATIM)
target_sources(gateway_observe PRIVATE ${page_output})
