//! What the generated types and the explorer's calls name of the crate servicestack.

pub trait IRequest {
    const NAME: &'static str;
    const VERB: &'static str;
}

pub trait IReturn: IRequest {
    type Response;
}

pub trait IReturnVoid: IRequest {}

pub struct JsonServiceClient;

impl JsonServiceClient {
    pub fn new(_: &str) -> Self {
        Self
    }

    pub fn set_bearer_token(&mut self, _: &str) -> &mut Self {
        self
    }

    pub async fn send<T: IReturn>(&self, _: &T) -> Result<T::Response, ()> {
        Err(())
    }

    pub async fn send_void<T: IReturnVoid>(&self, _: &T) -> Result<(), ()> {
        Ok(())
    }
}
