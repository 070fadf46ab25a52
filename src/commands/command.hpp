#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gateway::commands {

// Exit codes every subcommand keeps to (sysexits.h).
inline constexpr int kDone = 0;
inline constexpr int kUsage = 64;
inline constexpr int kUnavailable = 69;
inline constexpr int kInternal = 70;
inline constexpr int kOutputLost = 74;  // what was printed did not reach its file or device
inline constexpr int kNotAuthorised = 77;
inline constexpr int kConfiguration = 78;

// One option of a command as data: what it is called, where its value goes, what it may be.
struct Option {
  using Value = std::variant<bool*, unsigned*, std::uint64_t*, double*, std::string*,
                             std::vector<std::string>*, std::optional<std::int64_t>*>;

  std::string name = {};   // --name; without the dashes it is an argument
  Value value = {};        // must live as long as the command; a bool is a flag
  std::string help = {};   // a sentence without its full stop
  std::string shown = {};  // what the help calls the value, as FILE; empty: the type
  std::optional<std::pair<double, double>> range = {};  // of a number, both ends included
  std::vector<std::string> choices = {};                // of a text; empty: any
  std::string needs = {};                               // is an error without this option
  std::vector<std::string> excludes = {};               // is an error together with any of these
  bool required = false;
  bool existing_file = false;
  bool default_in_help = false;
  bool* given = nullptr;  // set to whether the option was there
};

// A subcommand as data and a function. The options refer to what `run` reads, which `run` owns.
struct Command {
  std::string name;
  std::string summary;
  std::vector<Option> options = {};
  std::function<int()> run = {};  // returns the exit code

  // Adds an option; `more` has what there is to be said of it beside these three.
  void add(std::string option, Option::Value value, std::string help, Option more = {}) {
    more.name = std::move(option);
    more.value = value;
    more.help = std::move(help);
    options.push_back(std::move(more));
  }
};

}  // namespace gateway::commands
