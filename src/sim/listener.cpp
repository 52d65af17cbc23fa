#include "sim/listener.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "base/thread_priority.hpp"

namespace offhook::sim {

namespace asio = boost::asio;

Listener::Listener(asio::any_io_executor control, audio::RecogniserModule module)
    : control_{std::move(control)}, module_{std::move(module)} {
  for (std::size_t i = 0; i < threads; ++i) {
    pool_.emplace_back([this] {
      work_in_background();
      work_.run();
    });
  }
}

Listener::~Listener() {
  alive_.reset();
  work_.stop();
  pool_.clear();
}

Result<std::unique_ptr<Listener>> Listener::start(asio::any_io_executor control) {
  auto module = audio::RecogniserModule::find();
  if (!module) {
    return fail(std::move(module).error());
  }
  // One is opened now, so that what is missing is known before the first call.
  auto decoder = audio::Recogniser::open(*module, {{}, true});
  if (!decoder) {
    return fail(std::move(decoder).error());
  }
  std::unique_ptr<Listener> listener{new Listener{std::move(control), std::move(*module)}};
  listener->give_back({true, false}, std::move(*decoder));
  return listener;
}

void Listener::recognise(std::vector<std::int16_t> samples, bool narrowband, OnWords tell) {
  const Kind kind{narrowband, ++unfinished_ > at_leisure};
  asio::post(work_, [this, samples = std::move(samples), kind, weak = std::weak_ptr{alive_},
                     tell = std::move(tell)]() mutable {
    std::string words;
    if (auto decoder = take_decoder(kind)) {
      words = decoder->recognise(samples);
      give_back(kind, std::move(*decoder));
    }
    asio::post(control_, [this, weak, tell = std::move(tell), words = std::move(words)]() mutable {
      if (weak.lock()) {
        --unfinished_;
        tell(std::move(words));
      }
    });
  });
}

Result<audio::Recogniser> Listener::take_decoder(Kind kind) {
  {
    const std::lock_guard guard{idle_lock_};
    auto& idle = idle_[kind];
    if (!idle.empty()) {
      audio::Recogniser decoder = std::move(idle.back());
      idle.pop_back();
      return decoder;
    }
  }
  return audio::Recogniser::open(module_, {{}, kind.narrowband, kind.quick});
}

void Listener::give_back(Kind kind, audio::Recogniser decoder) {
  const std::lock_guard guard{idle_lock_};
  idle_[kind].push_back(std::move(decoder));
}

}  // namespace offhook::sim
