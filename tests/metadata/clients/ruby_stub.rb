# What the generated types name of the gem servicestack.
module ServiceStack
  module DTO; end
  class ResponseStatus; end
  class ResponseError; end
end
$LOADED_FEATURES << 'servicestack.rb'
