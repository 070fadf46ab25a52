# The status page, embedded in the gateway library. Included, this makes the rule; run by that rule
# as a script, it writes PAGE_SOURCE as C++ to PAGE_OUTPUT.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${PAGE_SOURCE} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes ${bytes})
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes ${bytes})
  file(WRITE ${PAGE_OUTPUT} "// Made by cmake/status_page.cmake from src/gateway/observe/page/index.html.
#include \"gateway/observe/page.hpp\"

namespace gateway::observe {
namespace {

constexpr unsigned char kPage[] = {
${bytes}
};

}  // namespace

std::string_view page_html() noexcept {
  return {reinterpret_cast<const char*>(kPage), sizeof kPage};
}

}  // namespace gateway::observe
")
  return()
endif()

set(page_source ${CMAKE_SOURCE_DIR}/src/gateway/observe/page/index.html)
set(page_output ${CMAKE_BINARY_DIR}/generated/gateway/observe/page_bytes.cpp)
add_custom_command(
  OUTPUT ${page_output}
  COMMAND ${CMAKE_COMMAND} -DPAGE_SOURCE=${page_source} -DPAGE_OUTPUT=${page_output}
    -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${page_source} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Embedding the status page"
  VERBATIM)
target_sources(gateway PRIVATE ${page_output})
