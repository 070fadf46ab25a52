# embed_bytes(FILE OUTPUT HEADER NAMESPACE FUNCTION): writes OUTPUT, C++ in which FUNCTION of NAMESPACE,
# declared by HEADER, returns the bytes of FILE as a std::string_view. For scripts that a rule runs.
function(embed_bytes file output header namespace function)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes ${bytes})
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes ${bytes})
  get_filename_component(name ${file} NAME)
  file(WRITE ${output} "// Made of ${name} while building.
#include \"${header}\"

namespace ${namespace} {
namespace {

constexpr unsigned char kBytes[] = {
${bytes}
};

}  // namespace

std::string_view ${function}() noexcept {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

}  // namespace ${namespace}
")
endfunction()
