#pragma once

#include <vector>

#include "sim/replay/fixture.hpp"

namespace offhook::sim {

/// Finds for every server event the client event that it is the answer to, if there is one: by ids
/// where they tell, else by types and order (docs/openai-behaviour.md 5 to 7).
void link_answers(std::vector<FixtureStep>& steps);

}  // namespace offhook::sim
