#include "micro/instructions.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <system_error>

// What callgrind is told to look at, under a name without types in it.
extern "C" [[gnu::noinline]] void cos_gateway_counted(const std::function<void(std::size_t)>& run,
                                                      std::size_t times) {
  run(times);
}

namespace gateway::micro {
namespace {

constexpr std::size_t kCalls = 50;
constexpr std::string_view kCountedRun = "--counted-run";  // and the name of a file to write to
constexpr std::string_view kProfile = "profile";
constexpr std::string_view kLog = "log";
constexpr std::string_view kSimdjson = "simdjson";

class Directory {
 public:
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cos-count-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), "mkdtemp");
    }
    path_ = pattern;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run_valgrind(const Directory& directory) {
  std::vector<std::string> command{"valgrind",
                                   "--tool=callgrind",
                                   "--toggle-collect=cos_gateway_counted",
                                   "--dump-after=cos_gateway_counted",
                                   "--callgrind-out-file=" + directory.file(kProfile),
                                   "--log-file=" + directory.file(kLog),
                                   std::filesystem::read_symlink("/proc/self/exe").string(),
                                   std::string(kCountedRun),
                                   directory.file(kSimdjson)};
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    throw std::runtime_error("valgrind cannot be started: is it installed?");
  }
  if (status != 0) {
    throw std::runtime_error("valgrind failed:\n" + text_of(directory.file(kLog)));
  }
}

// Of the n-th dump, counted from 1.
double instructions_of(const Directory& directory, std::size_t n) {
  const std::string path = directory.file(fmt::format("{}.{}", kProfile, n));
  std::ifstream file(path);
  constexpr std::string_view kTotal = "totals: ";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kTotal)) return std::strtod(line.c_str() + kTotal.size(), nullptr);
  }
  throw std::runtime_error("no totals in callgrind's dump " + path);
}

}  // namespace

bool counted_run(int argc, char** argv, const std::vector<Subject>& subjects) {
  if (argc != 3 || argv[1] != kCountedRun) return false;
  for (const Subject& subject : subjects) {
    const auto run = subject.prepare();
    run(kCalls);
    cos_gateway_counted(run, kCalls);
    cos_gateway_counted(run, 2 * kCalls);
  }
  std::ofstream(argv[2]) << simdjson::get_active_implementation()->name();
  return true;
}

Counts count(const std::vector<Subject>& subjects) {
  const Directory directory;
  run_valgrind(directory);
  Counts counts;
  counts.simdjson = text_of(directory.file(kSimdjson));
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const double once = instructions_of(directory, 2 * i + 1);
    const double twice = instructions_of(directory, 2 * i + 2);
    counts.counts.push_back(
        {subjects[i].name, subjects[i].work, (twice - once) / static_cast<double>(kCalls)});
  }
  return counts;
}

std::string to_json(const Counts& counts) {
  boost::json::array subjects;
  for (const Count& each : counts.counts) {
    const auto records = static_cast<double>(each.work.records);
    subjects.push_back({{"name", each.name},
                        {"records", each.work.records},
                        {"bytes", each.work.bytes},
                        {"instructions", each.instructions},
                        {"instructions_per_record", each.instructions / records}});
  }
  return boost::json::serialize(
      boost::json::object{{"simdjson", counts.simdjson}, {"subjects", std::move(subjects)}});
}

}  // namespace gateway::micro
