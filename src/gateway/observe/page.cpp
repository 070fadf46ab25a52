#include "gateway/observe/page.hpp"

#include "cloud/digest.hpp"
#include "events/base64.hpp"

namespace gateway::observe {
namespace {

// Returns 'sha256-...' of the text between the tags (CSP level 3, section 2.3.1); 'none' without
// the tags.
std::string hash_of(std::string_view html, std::string_view begin_tag, std::string_view end_tag) {
  const std::size_t begin = html.find(begin_tag);
  const std::size_t end = html.find(end_tag);
  if (begin == std::string_view::npos || end == std::string_view::npos) return "'none'";
  const std::size_t from = begin + begin_tag.size();
  const cloud::Digest digest = cloud::sha256(html.substr(from, end - from));
  std::string bytes(digest.begin(), digest.end());
  std::string hash("'sha256-");
  events::append_base64(hash, bytes);
  return hash + "'";
}

}  // namespace

std::string policy_of(std::string_view html) {
  return "default-src 'none'; style-src " + hash_of(html, "<style>", "</style>") + "; script-src " +
         hash_of(html, "<script>", "</script>") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

const std::string& page_policy() {
  static const std::string policy = policy_of(page_html());
  return policy;
}

}  // namespace gateway::observe
