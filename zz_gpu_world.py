import torch,time,os
from pipelines.synthetic.clips import *
from pipelines.synthetic import raycast as rc
import torch._logging
torch._logging.set_logs(recompiles=True)
g=torch.Generator("cuda").manual_seed(5)
cfg=ClipConfig(height=256,width=256,length=100)
def sync(): torch.cuda.synchronize(); return time.time()
for B,T in ((24,5),(24,5),(32,4),(24,5)):
    times=torch.randint(0,100,(B,T),device="cuda")
    t=sync(); sc=sample_scene(cfg,batch=B,generator=g); t1=sync(); torch.cuda.reset_peak_memory_stats(); c=sc.render(times); t2=sync(); f=c.flow(1,0); t3=sync()
    print(B,T,"scene",round(t1-t,4),"render",round(t2-t1,4),"flow",round(t3-t2,4),"GB",torch.cuda.max_memory_allocated()/1e9,flush=True)
from torch.profiler import profile, ProfilerActivity
with profile(activities=[ProfilerActivity.CUDA]) as prof: sc.render(times); torch.cuda.synchronize()
for e in sorted(prof.key_averages(),key=lambda e:-e.self_device_time_total)[:8]: print(e.key[:80],e.self_device_time_total/1e3,e.count)
import pipelines.synthetic.clips as C
names=["sample_proportions","sample_outfit","sample_people","sample_motion","sample_atlas","sample_backgrounds","sample_look","_sample_camera","forward_kinematics"]
for n in names:
    def wrap(f,n=n):
        def w(*a,**k):
            t=sync(); r=f(*a,**k); print("   ",n,round(sync()-t,4)); return r
        return w
    setattr(C,n,wrap(getattr(C,n)))
for B in (24,96):
    t=sync(); C.sample_scene(cfg,batch=B,generator=g); print("scene",B,sync()-t)
