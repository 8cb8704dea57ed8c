<?php namespace ServiceStack;
// What the generated types and the explorer's calls name of the package servicestack/client.

interface IReturn {}
interface IReturnVoid {}
interface IGet {}
interface IPost {}
interface IPut {}
interface IPatch {}
interface IDelete {}

class JsonServiceClient
{
    public ?string $bearerToken = null;
    public function __construct(public string $address) {}
    public function get(IReturn|IReturnVoid $request): object { return $request; }
    public function post(IReturn|IReturnVoid $request): object { return $request; }
    public function put(IReturn|IReturnVoid $request): object { return $request; }
    public function patch(IReturn|IReturnVoid $request): object { return $request; }
    public function delete(IReturn|IReturnVoid $request): object { return $request; }
}

class ByteArray
{
    public function __construct(public ?string $data = null) {}
}
