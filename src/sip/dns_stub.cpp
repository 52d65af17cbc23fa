#include "sip/dns_stub.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace offhook::sip {

std::unique_ptr<DnsStub> DnsStub::start(HostResolver& resolver, Post post) {
  std::unique_ptr<DnsStub> stub{new DnsStub{resolver, std::move(post)}};
  stub->self_ = std::make_shared<DnsStub*>(stub.get());
  sa loopback{};
  udp_sock* socket = nullptr;
  const auto on_datagram = [](const sa* from, mbuf* buffer, void* self) noexcept {
    static_cast<DnsStub*>(self)->on_query(*from, rest_of(buffer));
  };
  if (sa_set_str(&loopback, "127.0.0.1", 0) != 0 ||
      udp_listen(&socket, &loopback, on_datagram, stub.get()) != 0) {
    return nullptr;
  }
  stub->socket_.reset(socket);
  if (udp_local_get(socket, &stub->address_) != 0) {
    return nullptr;
  }
  return stub;
}

DnsStub::~DnsStub() {
  if (self_ != nullptr) {
    *self_ = nullptr;
  }
}

void DnsStub::on_query(const sa& from, std::string_view datagram) {
  const std::span bytes{reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size()};
  const auto question = parse_dns_query(bytes);
  if (!question) {
    return;
  }
  HostAddresses nothing;
  nothing.found = true;
  if (question->type != dns_type_a && question->type != dns_type_aaaa) {
    reply(from, *question, nothing);
    return;
  }
  if (const auto known = resolver_.known(question->name)) {
    reply(from, *question, *known);
    return;
  }
  resolver_.resolve(question->name, [post = post_, self = self_, from,
                                     question = *question](const HostAddresses& answer) {
    post([self, from, question, answer] {
      if (*self != nullptr) {
        (*self)->reply(from, question, answer);
      }
    });
  });
}

void DnsStub::reply(const sa& to, const DnsQuestion& question, const HostAddresses& known) {
  const std::size_t length = question.type == dns_type_a ? 4 : 16;
  std::vector<DnsAddress> first;
  const auto match = std::find_if(known.addresses.begin(), known.addresses.end(),
                                  [&](const DnsAddress& a) { return a.size() == length; });
  if (match != known.addresses.end()) {
    first.push_back(*match);
  }
  const DnsStatus status = known.found ? DnsStatus::no_error : DnsStatus::no_such_name;
  const auto response = write_dns_response(question, status, first);
  const auto buffer = to_mbuf({reinterpret_cast<const char*>(response.data()), response.size()});
  if (buffer != nullptr) {
    static_cast<void>(udp_send(socket_.get(), &to, buffer.get()));
  }
}

}  // namespace offhook::sip
