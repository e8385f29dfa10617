#include "base/result.h"

#include <stdexcept>

namespace eventrelay {

// Reached only where value() is called on an error: a mistake of the caller.
void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("value() of an error: " + error.message + " at " + where.to_string());
}

}  // namespace eventrelay
