// One function a schema: each appends the event as one line, or nothing where the schema has no
// place for its type. report/renderings/README.md says what becomes what.
#pragma once

#include <string>

#include "report/renderings/event_reader.h"

namespace umbratap::report {

void render_ecs(const EventReader& event, std::string& out);
void render_ocsf(const EventReader& event, std::string& out);
void render_cef(const EventReader& event, std::string& out);
void render_leef(const EventReader& event, std::string& out);
void render_zeek(const EventReader& event, std::string& out);

}  // namespace umbratap::report
