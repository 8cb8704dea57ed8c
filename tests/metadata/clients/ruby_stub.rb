# What the generated types and the explorer's calls name of the gem servicestack.
module ServiceStack
  module DTO
    def initialize(**given) = given.each { |name, value| public_send("#{name}=", value) }
  end

  class JsonServiceClient
    attr_accessor :bearer_token

    def initialize(address) = @address = address
    %i[get post put patch delete].each { |verb| define_method(verb) { |request| request } }
  end

  class ResponseStatus; end
  class ResponseError; end
end
$LOADED_FEATURES << 'servicestack.rb'
