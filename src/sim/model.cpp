#include "sim/model.hpp"

#include <utility>

#include "base/clock.hpp"

namespace offhook::sim {

Model::Model(SessionConfig config,
             SessionOptions options,
             Hearing hearing,
             Speaker& speaker,
             Voice& voice,
             ModelHooks hooks)
    : SpokenModel{RealtimeSession{std::move(config), std::move(options)}, std::move(hearing),
                  speaker, voice, std::move(hooks)} {
  ears_.configure(session_.turns());
}

void Model::on_digit(char digit) {
  session_.on_digit(digit, unix_seconds());
  obey();
}

}  // namespace offhook::sim
