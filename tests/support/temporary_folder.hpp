#pragma once
#include "demo/temporary_folder.hpp"

namespace gateway::test {

using demo::TemporaryFolder;

}  // namespace gateway::test
