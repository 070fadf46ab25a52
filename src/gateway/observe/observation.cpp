#include "gateway/observe/observation.hpp"

#include <fmt/format.h>

#include <string_view>

#include "gateway/observe/settled_event.hpp"

namespace gateway::observe {
namespace {

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

const char* remedy_for(const BusAnswer& answer) noexcept {
  const unsigned status = answer.status;
  const auto mentions = [&](const char* what) {
    return answer.text.find(what) != std::string::npos;
  };
  switch (status) {
    case 0:
      if (mentions("no access token")) return "see `delivery.oauth2` and its `token_url`";
      if (mentions("the proxy ")) return "see `delivery.proxy`, HTTPS_PROXY and NO_PROXY";
      return "check `target`, and that the eventbus runs and can be reached from here";
    case 400:
    case 415:
    case 422:
      return "the eventbus does not take such events: `cos-gateway explain` shows them, "
             "`delivery.mode` changes their form";
    case 401:
    case 403: return "check the credentials of the eventbus: `delivery.headers`, `delivery.oauth2`";
    case 404:
    case 410: return "check `eventbus` and the path of `target`";
    case 405:
    case 501: return "check the path of `target`: what answers there takes no POST";
    case 407: return "the proxy wants another user or password: see `delivery.proxy`, HTTP_PROXY";
    case 408:
    case 429:
    case 503:
    case 504:
      return "the eventbus is overloaded or limits the rate: raise its limits or add replicas of "
             "it";
    case 413: return "the event is larger than the eventbus takes: raise its limit";
    default:
      return status < 400   ? "`target` is redirected: set it to the address it leads to"
             : status < 500 ? "ask the eventbus' own log what it refuses"
                            : "the eventbus fails: see its own log";
  }
}

std::string described(const BusAnswer& answer) {
  const std::size_t most = answer.status == 0 ? BusAnswer::kMostError : BusAnswer::kMostText;
  const std::string text = shortened(first_line(answer.text), most);
  if (answer.status == 0) {
    return text.empty() ? "does not answer" : fmt::format("cannot be reached: {}", text);
  }
  return text.empty() ? fmt::format("answers {}", answer.status)
                      : fmt::format("answers {} '{}'", answer.status, text);
}

}  // namespace gateway::observe
