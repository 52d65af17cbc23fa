#include "sip/host_resolver.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/c_handle.hpp"

namespace offhook::sip {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds fresh_for{60};

DnsAddress to_bytes(const void* first, std::size_t count) {
  const auto* bytes = static_cast<const std::uint8_t*>(first);
  return {bytes, bytes + count};
}

HostAddresses ask_system(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  HostAddresses result;
  const int failure = getaddrinfo(name.c_str(), nullptr, &hints, &list);
  const CHandle<addrinfo, freeaddrinfo> owner{list};
  if (failure != 0) {
    result.reason = gai_strerror(failure);
    return result;
  }
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family == AF_INET) {
      const auto* in = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
      result.addresses.push_back(to_bytes(&in->sin_addr, 4));
    } else if (entry->ai_family == AF_INET6) {
      const auto* in6 = reinterpret_cast<const sockaddr_in6*>(entry->ai_addr);
      result.addresses.push_back(to_bytes(&in6->sin6_addr, 16));
    }
  }
  result.found = !result.addresses.empty();
  result.reason = result.found ? "" : "no address";
  return result;
}

}  // namespace

struct HostResolver::State {
  struct Entry {
    HostAddresses addresses;
    Clock::time_point resolved{};
    std::vector<Callback> waiting{};  ///< Not empty: a lookup is under way.
  };

  std::mutex mutex;
  std::map<std::string, Entry> entries;
  std::mutex delivery;  // held while callbacks run, so that the resolver outlives them
  bool closed = false;  // guarded by delivery

  void finish(const std::string& name, HostAddresses answer);
};

void HostResolver::State::finish(const std::string& name, HostAddresses answer) {
  std::vector<Callback> waiting;
  {
    const std::lock_guard lock{mutex};
    Entry& entry = entries[name];
    waiting.swap(entry.waiting);
    if (answer.found && entry.addresses.found) {
      const auto same = std::find(answer.addresses.begin(), answer.addresses.end(),
                                  entry.addresses.addresses.front());
      if (same != answer.addresses.end()) {
        std::rotate(answer.addresses.begin(), same, same + 1);
      }
    }
    if (answer.found || !entry.addresses.found) {
      entry.addresses = answer;
      entry.resolved = Clock::now();
    }
  }
  const std::lock_guard lock{delivery};
  if (closed) {
    return;
  }
  for (const Callback& done : waiting) {
    done(answer);
  }
}

HostResolver::HostResolver() : state_{std::make_shared<State>()} {}

HostResolver::~HostResolver() {
  const std::lock_guard lock{state_->delivery};
  state_->closed = true;
}

void HostResolver::resolve(const std::string& name, Callback done) {
  std::optional<HostAddresses> ready;
  {
    const std::lock_guard lock{state_->mutex};
    State::Entry& entry = state_->entries[name];
    if (entry.addresses.found && Clock::now() - entry.resolved < fresh_for) {
      ready = entry.addresses;
    } else {
      entry.waiting.push_back(done);
      if (entry.waiting.size() > 1) {
        return;
      }
    }
  }
  if (ready) {
    done(*ready);
    return;
  }
  // Detached, because a lookup may block for half a minute and the program must be able to end.
  std::thread{[state = state_, name] { state->finish(name, ask_system(name)); }}.detach();
}

std::optional<HostAddresses> HostResolver::known(const std::string& name) const {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->entries.find(name);
  if (found == state_->entries.end() || !found->second.addresses.found) {
    return std::nullopt;
  }
  return found->second.addresses;
}

void HostResolver::mark_unreachable(const std::string& name) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->entries.find(name);
  if (found != state_->entries.end() && !found->second.addresses.addresses.empty()) {
    auto& list = found->second.addresses.addresses;
    std::rotate(list.begin(), list.begin() + 1, list.end());
  }
}

}  // namespace offhook::sip
