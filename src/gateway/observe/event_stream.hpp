#pragma once
#include <boost/beast/core/basic_stream.hpp>
#include <string>

#include "gateway/observe/event_feed.hpp"
#include "runtime/asio.hpp"

namespace gateway::observe {

using AdminStream = boost::beast::basic_stream<tcp, Executor>;

// Whether the query of a request for /stream ("?events=tap") asks for single events alone.
[[nodiscard]] bool wants_status(std::string_view target) noexcept;

// Answers a request for /stream: text/event-stream, from now on, until the peer is gone or `stream`
// is closed and `watcher` notified. The watcher is attached to its feed meanwhile.
[[nodiscard]] Task<void> serve_stream(AdminStream& stream, Watcher& watcher);

}  // namespace gateway::observe
