#include "runtime/log.hpp"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "events/json_text.hpp"
#include "events/terminal_text.hpp"
#include "runtime/environment.hpp"

namespace gateway::log {
namespace {

constexpr std::size_t kWaitingLines = 8192;
constexpr std::chrono::milliseconds kLookAgain{5};

bool as_json = false;

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

Level level_of(spdlog::level::level_enum level) noexcept {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return Level::debug;
    case spdlog::level::info: return Level::info;
    case spdlog::level::warn: return Level::warn;
    default: return Level::error;
  }
}

// %J of a pattern: the priority for the journal.
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm& /*time*/,
              spdlog::memory_buf_t& to) override {
    const std::string_view text = journal_prefix(level_of(line.level));
    to.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<PriorityFlag>();
  }
};

std::string json_members(std::string_view message, Fields fields) {
  std::string text = "\"message\":";
  events::append_json_string(text, message);
  for (const auto& field : fields) {
    text += ',';
    events::append_json_string(text, field.key);
    text += ':';
    if (field.number) {
      text += field.value;
    } else {
      events::append_json_string(text, field.value);
    }
  }
  return text;
}

// A value with blanks or quotes is written as a JSON string: one line stays one line.
std::string text_line(std::string_view message, Fields fields) {
  std::string text(message);
  for (const auto& field : fields) {
    text += "  ";
    text += field.key;
    text += '=';
    const bool plain =
        !field.value.empty() && field.value.find_first_of(" \"=\n\r\t\\") == std::string::npos;
    if (plain) {
      text += field.value;
    } else {
      events::append_json_string(text, field.value);
    }
  }
  return text;
}

}  // namespace

// systemd says in JOURNAL_STREAM which file the journal reads: "<device>:<inode>".
bool journal_reads_stderr() {
  const std::string_view stream = environment_variable("JOURNAL_STREAM");
  struct stat file{};
  return !stream.empty() && ::fstat(STDERR_FILENO, &file) == 0 &&
         stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

std::string_view journal_prefix(Level level) {
  if (!journal_reads_stderr()) return {};
  switch (level) {  // syslog's priorities
    case Level::debug: return "<7>";
    case Level::info: return "<6>";
    case Level::warn: return "<4>";
    case Level::error: break;
  }
  return "<3>";
}

void start(Level least, Format format) {
  as_json = format == Format::json || (format == Format::automatic && isatty(STDERR_FILENO) == 0);
  spdlog::init_thread_pool(kWaitingLines, 1);
  auto logger = std::make_shared<spdlog::async_logger>(
      "cos-gateway", std::make_shared<spdlog::sinks::stderr_color_sink_mt>(), spdlog::thread_pool(),
      spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog_level(least));
  logger->flush_on(spdlog::level::info);
  if (as_json) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    formatter->add_flag<PriorityFlag>('J');
    formatter->set_pattern(R"(%J{"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
  }
  spdlog::set_default_logger(std::move(logger));
}

void flush(std::chrono::milliseconds patience) {
  const auto pool = spdlog::thread_pool();
  if (!pool) return;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (pool->queue_size() != 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kLookAgain);
  }
  std::this_thread::sleep_for(kLookAgain);  // for the line that is being written
}

bool stop() {
  std::promise<void> done;
  std::future<void> written = done.get_future();
  // A write into a full pipe can be neither interrupted nor joined.
  std::thread([done = std::move(done)]() mutable {
    spdlog::shutdown();
    done.set_value();
  }).detach();
  return written.wait_for(kStopPatience) == std::future_status::ready;
}

bool enabled(Level level) noexcept {
  const auto* logger = spdlog::default_logger_raw();  // none after stop()
  return logger != nullptr && logger->should_log(spdlog_level(level));
}

void write(Level level, std::string_view message, Fields fields) noexcept {
  auto* logger = spdlog::default_logger_raw();
  if (logger == nullptr) return;
  try {
    logger->log(spdlog_level(level), "{}",
                as_json ? events::terminal_json(json_members(message, fields))
                        : events::terminal_text(text_line(message, fields)));
  } catch (const std::exception&) {
    // There is no memory for the line. Whoever wanted to tell something has more to do than that.
  }
}

void internal_error(std::string_view where, const std::exception_ptr& error) noexcept try {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    log::error("internal error", {{"where", where}, {"what", e.what()}});
  } catch (...) {
    log::error("internal error", {{"where", where}, {"what", "not a std::exception"}});
  }
} catch (const std::exception&) {
  // As in write().
}

}  // namespace gateway::log
