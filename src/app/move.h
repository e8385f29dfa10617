// The commands that carry an installation from one store to another, as a person sees them. Called from main alone.
#pragma once
#include "app/config.h"

namespace eventrelay {

/// Each returns the exit status. A line of progress a second goes to standard error, counts to standard output (to
/// standard error too where that has the export).
int export_installation(const Config& config);
int import_installation(const Config& config);

}  // namespace eventrelay
