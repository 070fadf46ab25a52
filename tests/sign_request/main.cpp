// Signs what it is told, one JSON object per line, so that the signatures can be compared with
// those of the official SDK: {host, service, action, contentType, body, timestamp, secretId,
// secretKey, signedHeaders} in, the value of Authorization out.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include "cloud/request_signing.hpp"

namespace {

namespace cloud = gateway::cloud;

std::string signed_line(const std::string& line) {
  const boost::json::object given = boost::json::parse(line).as_object();
  const auto text = [&](const char* name) { return std::string(given.at(name).as_string()); };
  const std::string host = text("host");
  const std::string service = text("service");
  const std::string action = text("action");
  const std::string content_type = text("contentType");
  const std::string body = text("body");
  const std::string names = text("signedHeaders");
  cloud::SigningInput input;
  input.host = host;
  input.service = service;
  input.action = action;
  input.content_type = content_type;
  input.body = body;
  input.time = std::chrono::sys_seconds(std::chrono::seconds(given.at("timestamp").as_int64()));
  if (names == "content-type;host") {
    input.headers = cloud::SignedHeaders::host;
  } else if (names == "content-type;host;x-tc-action") {
    input.headers = cloud::SignedHeaders::host_and_action;
  } else {
    throw std::runtime_error("cannot sign " + names);
  }
  return cloud::authorization(input, gateway::Secret(text("secretId")),
                              gateway::Secret(text("secretKey")));
}

}  // namespace

int main() {
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << signed_line(line) << '\n' << std::flush;
    }
  } catch (const std::exception& error) {
    std::cerr << "sign-request: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
