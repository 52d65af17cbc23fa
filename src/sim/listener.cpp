#include "sim/listener.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace offhook::sim {

namespace asio = boost::asio;

Listener::Listener(asio::any_io_executor control, audio::RecogniserModule module)
    : control_{std::move(control)}, module_{std::move(module)} {}

Listener::~Listener() {
  alive_.reset();
  pool_.stop();
  pool_.join();
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
  listener->give_back(true, std::move(*decoder));
  return listener;
}

void Listener::recognise(std::vector<std::int16_t> samples, bool narrowband, OnWords tell) {
  asio::post(pool_, [this, samples = std::move(samples), narrowband, weak = std::weak_ptr{alive_},
                     tell = std::move(tell)]() mutable {
    std::string words;
    if (auto decoder = take_decoder(narrowband)) {
      words = decoder->recognise(samples);
      give_back(narrowband, std::move(*decoder));
    }
    asio::post(control_, [weak, tell = std::move(tell), words = std::move(words)]() mutable {
      if (weak.lock()) {
        tell(std::move(words));
      }
    });
  });
}

Result<audio::Recogniser> Listener::take_decoder(bool narrowband) {
  {
    const std::lock_guard guard{idle_lock_};
    auto& idle = narrowband ? idle_narrowband_ : idle_wideband_;
    if (!idle.empty()) {
      audio::Recogniser decoder = std::move(idle.back());
      idle.pop_back();
      return decoder;
    }
  }
  return audio::Recogniser::open(module_, {{}, narrowband});
}

void Listener::give_back(bool narrowband, audio::Recogniser decoder) {
  const std::lock_guard guard{idle_lock_};
  (narrowband ? idle_narrowband_ : idle_wideband_).push_back(std::move(decoder));
}

}  // namespace offhook::sim
