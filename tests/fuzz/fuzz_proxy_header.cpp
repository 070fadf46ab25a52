// Any bytes as the beginning of a connection behind a balancer: a header is complete at one size
// only, whatever follows it, and every beginning of it is incomplete.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fuzz/require.hpp"
#include "gateway/ingress/proxy_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gateway::fuzz::require;
  using gateway::ingress::ProxyHeader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader header = ProxyHeader::read(bytes);
  if (header.state() == ProxyHeader::State::incomplete) {
    require(size < ProxyHeader::kMost, "enough bytes decide");
    return 0;
  }
  if (header.state() != ProxyHeader::State::complete) {
    require(ProxyHeader::read(std::string(bytes) + "more").state() == header.state(),
            "what is absent or malformed stays so");
    return 0;
  }
  require(header.size() != 0 && header.size() <= size && header.size() <= ProxyHeader::kMost,
          "a header is among the bytes");
  for (std::size_t part = 0; part < header.size(); ++part) {
    require(ProxyHeader::read(bytes.substr(0, part)).state() == ProxyHeader::State::incomplete,
            "a beginning is incomplete");
  }
  const ProxyHeader alone = ProxyHeader::read(bytes.substr(0, header.size()));
  require(alone.state() == ProxyHeader::State::complete && alone.size() == header.size() &&
              alone.client() == header.client(),
          "what follows changes nothing");
  return 0;
}
