#pragma once
#include <boost/beast/core/basic_stream.hpp>

#include "gateway/observe/event_feed.hpp"
#include "runtime/asio.hpp"

namespace gateway::observe {

using AdminStream = boost::beast::basic_stream<tcp, Executor>;

// Returns whether a request for /stream wants the status, too; its query ("?events=tap") may ask
// for single events alone.
[[nodiscard]] bool wants_status(std::string_view target) noexcept;

// Answers a request for /stream with a text/event-stream until the peer is gone, or until `stream`
// is closed and `watcher` notified. The watcher is attached to its feed meanwhile.
[[nodiscard]] Task<void> serve_stream(AdminStream& stream, Watcher& watcher);

}  // namespace gateway::observe
