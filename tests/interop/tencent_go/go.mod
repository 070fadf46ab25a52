module cos-gateway/interop

go 1.18

require github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common v1.3.211
