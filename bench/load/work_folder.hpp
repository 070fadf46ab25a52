#pragma once
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace gateway::load {

// A new folder for the files of a run, gone with all that is in it when this dies.
class WorkFolder {
 public:
  // Throws std::runtime_error.
  WorkFolder() : path_((std::filesystem::temp_directory_path() / "cos-bench-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  ~WorkFolder() {
    std::error_code ignored;  // rubbish left behind is no failure
    std::filesystem::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace gateway::load
