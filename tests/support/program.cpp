#include "support/program.hpp"

#include <chrono>
#include <utility>

#include "testkit/server_process.hpp"
#include "testkit/text_file.hpp"

namespace gateway::test {
namespace {

constexpr std::chrono::minutes kStopLimit{1};

std::vector<std::string> command(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{COS_GATEWAY_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

ChildOptions options(const TemporaryFolder& folder, const std::function<void()>& prepare,
                     std::vector<std::string> environment) {
  ChildOptions options;
  options.errors = folder.file("err");
  environment.emplace_back("CONNECTOR_CONFIG=/nowhere");
  options.environment = std::move(environment);
  options.prepare = prepare;
  return options;
}

}  // namespace

RunningProgram::RunningProgram(const std::vector<std::string>& arguments,
                               const std::function<void()>& prepare,
                               const std::vector<std::string>& environment)
    : process_(command(arguments), folder_.file("out"), options(folder_, prepare, environment)) {
  process_.start();
}

bool RunningProgram::wait_until_ready(std::uint16_t admin_port) {
  return await_ready(process_, [=] { return page_of(admin_port, "/readyz").has_value(); });
}

ProgramRun RunningProgram::stop() {
  return result(process_.stop(kStopLimit).value_or(-1));
}

ProgramRun RunningProgram::wait() {
  return result(process_.wait().value_or(-1));
}

ProgramRun RunningProgram::result(int exit_code) const {
  return {exit_code, read_text(folder_.file("out")), read_text(folder_.file("err"))};
}

ProgramRun run_program(const std::vector<std::string>& arguments) {
  return RunningProgram(arguments).wait();
}

}  // namespace gateway::test
