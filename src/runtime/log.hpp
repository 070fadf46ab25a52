#pragma once
#include <fmt/format.h>

#include <chrono>
#include <concepts>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

// Structured log lines: text on a terminal, one JSON object a line otherwise. A line tells of a
// change of state, never of a single event unless at debug level. Thread-safe; written by a thread
// of its own, so that a slow reader of the log cannot hold up a loop (lines beyond 8192 waiting
// ones are dropped, oldest first).
namespace gateway::log {

enum class Level { debug, info, warn, error };
enum class Format { automatic, text, json };

struct Field {
  std::string key;
  std::string value;
  bool number = false;

  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  template <class Number>
    requires(std::integral<Number> || std::floating_point<Number>)
  Field(std::string_view name, Number n) : key(name), value(fmt::format("{}", n)), number(true) {}
};
using Fields = std::initializer_list<Field>;

// To stderr. Before it is called lines go there as text.
void start(Level least, Format format = Format::automatic);
// Waits until what was said so far is written, or `patience` has passed. Threads may go on logging.
void flush(std::chrono::milliseconds patience);
// Writes what waits, for at most kStopPatience. Returns false where whoever reads the log does not
// read: the thread that writes it is still there then, and the process is to end by _exit(). Call
// once, at the end.
inline constexpr std::chrono::seconds kStopPatience{2};
bool stop();

[[nodiscard]] bool enabled(Level level) noexcept;
// Never throws: a line there is no memory for is lost.
void write(Level level, std::string_view message, Fields fields) noexcept;

inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  if (enabled(Level::warn)) write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

// Returns whether systemd's journal reads standard error.
[[nodiscard]] bool journal_reads_stderr();
// Returns what a line of this level begins with there (sd-daemon(3)), as "<4>", which the journal
// takes off again; empty if it does not read standard error.
[[nodiscard]] std::string_view journal_prefix(Level level);

// An exception that should not have reached the edge of `where`.
void internal_error(std::string_view where, const std::exception_ptr& error) noexcept;

}  // namespace gateway::log
