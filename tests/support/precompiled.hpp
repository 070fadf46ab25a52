// The heavy headers of most tests, compiled once (cmake/precompiled.cmake).
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "precompiled.hpp"
