#pragma once
#include <string>

namespace gateway::load {

// Shows progress in a line on standard error that is rewritten in place; shows nothing if that is
// no terminal.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows that `share` of the whole is done, 0 to 1; `label` names the current step.
  void show(double share, const std::string& label);
  // Erases the line, so that other output can follow.
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

}  // namespace gateway::load
