#include "gateway/egress/store/store_places.hpp"

#include <chrono>
#include <filesystem>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;

// As the stores themselves read it.
fs::path normal(const std::string& path) {
  std::error_code error;
  return fs::absolute(path, error).lexically_normal();
}

}  // namespace

bool is_one_place(const std::string& a, const std::string& b) {
  const fs::path first = normal(a);
  const fs::path second = normal(b);
  if (first == second) return true;
  // The files of a store stand beside its path, which itself is followed nowhere.
  if (first.filename() != second.filename()) return false;
  std::error_code error;
  if (fs::equivalent(first.parent_path(), second.parent_path(), error)) return true;
  if (!error) return false;
  // A folder that is still to be made, maybe behind a link.
  const fs::path one = fs::weakly_canonical(first.parent_path(), error);
  if (error) return false;
  const fs::path other = fs::weakly_canonical(second.parent_path(), error);
  return !error && one == other;
}

// A hanging device keeps no gateway from starting, so a thread of its own asks, which is left
// behind.
void check_store_places(const config::Settings& settings, config::Report& report) {
  constexpr std::chrono::seconds kPatience{1};
  const std::string& spool = settings.spool.path;
  const std::string& dead_letters = settings.dead_letter.path;
  if (spool.empty() || dead_letters.empty() || spool == dead_letters) return;
  std::packaged_task<bool()> asking(
      [spool, dead_letters] { return is_one_place(spool, dead_letters); });
  auto answer = asking.get_future();
  std::thread(std::move(asking)).detach();
  if (answer.wait_for(kPatience) != std::future_status::ready || !answer.get()) return;
  report.problem_with("dead_letter.path", "names the same place as spool.path; they must differ");
}

}  // namespace gateway::egress
