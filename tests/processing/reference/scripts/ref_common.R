suppressPackageStartupMessages({library(psych);library(lavaan);library(semTools);library(GPArotation);library(jsonlite)})
DIR <- ".."
rd <- function(n) read.csv(file.path(DIR,"data",paste0(n,".csv")), na.strings=c("","NA"))
mat <- function(m){ m<-as.matrix(unclass(m)); list(rows=rownames(m), cols=colnames(m), values=unname(lapply(seq_len(nrow(m)), function(i) as.numeric(m[i,])))) }
S <- function(o) if(is.list(o)) lapply(o,S) else if(is.numeric(o)) signif(o,8) else o
save_ref <- function(o,n){ writeLines(toJSON(S(o), auto_unbox=TRUE, digits=NA, na="null", null="null", pretty=TRUE), file.path(DIR,"numbers",paste0(n,".json"))); cat("saved",n,"\n") }
feldt <- function(a,n,k,lev=.95){ d1<-n-1; d2<-(n-1)*(k-1); p<-(1-lev)/2; c(lower=1-(1-a)*qf(1-p,d1,d2), upper=1-(1-a)*qf(p,d1,d2)) }
meta <- function() list(R=R.version.string, psych=as.character(packageVersion("psych")), lavaan=as.character(packageVersion("lavaan")), semTools=as.character(packageVersion("semTools")), GPArotation=as.character(packageVersion("GPArotation")))
# x: data frame of items already keyed in the same direction
rel_scale <- function(x,ordinal=TRUE){
  k<-ncol(x); a<-suppressWarnings(psych::alpha(x,warnings=FALSE)); xc<-x[complete.cases(x),]; ac<-suppressWarnings(psych::alpha(xc,warnings=FALSE))
  f<-function(a,x,n){ list(n=n, alpha_raw=a$total$raw_alpha, alpha_std=a$total$std.alpha, g6=a$total$`G6(smc)`, average_r=a$total$average_r, ase=a$total$ase,
     feldt95=as.list(feldt(a$total$raw_alpha,n,k)),
     item_rest_r=as.list(setNames(a$item.stats$r.drop,rownames(a$item.stats))), alpha_if_deleted=as.list(setNames(a$alpha.drop$raw_alpha,rownames(a$alpha.drop))), item_mean=as.list(colMeans(x,na.rm=TRUE)), item_sd=as.list(apply(x,2,sd,na.rm=TRUE))) }
  o<-list(n_items=k, n_any=sum(rowSums(!is.na(x))>0), n_complete=nrow(xc), pairwise=f(a,x,nrow(x)), listwise=f(ac,xc,nrow(xc)))
  om<-suppressWarnings(suppressMessages(psych::fa(cor(xc),1,n.obs=nrow(xc),fm="minres",warnings=FALSE)))
  l<-as.numeric(om$loadings); if(sum(l)<0) l<- -l; o$omega_total_1f_minres_std_listwise <- sum(l)^2/(sum(l)^2+sum(1-l^2))
  fit<-suppressWarnings(lavaan::cfa(paste("f=~",paste(names(xc),collapse="+")),data=xc,std.lv=TRUE)); e<-lavInspect(fit,"est"); lam<-sum(e$lambda); o$omega_total_1f_cfa_ml_listwise <- lam^2/(lam^2+sum(e$theta))
  o$omega_total_bollen_obs_var <- lam^2/sum(lavInspect(fit,"sampstat")$cov)
  fm<-fitMeasures(fit); o$cfa_1f_ml <- as.list(fm[intersect(c("chisq","df","pvalue","cfi","tli","rmsea","rmsea.ci.lower","rmsea.ci.upper","srmr"),names(fm))]); o$cfa_1f_std_loadings<-as.list(setNames(as.numeric(lavInspect(fit,"std")$lambda),names(xc)))
  fo<-if(!ordinal) NULL else tryCatch(suppressWarnings(lavaan::cfa(paste("f=~",paste(names(xc),collapse="+")),data=xc,ordered=names(xc),estimator="WLSMV",std.lv=TRUE)),error=function(e) NULL)
  if(!is.null(fo)){ fm<-fitMeasures(fo); o$cfa_1f_wlsmv <- fitlist(fo); so<-lavInspect(fo,"std"); o$cfa_1f_wlsmv_std_loadings<-as.list(setNames(as.numeric(so$lambda),names(xc)))
    lo<-sum(so$lambda); pr<-suppressMessages(suppressWarnings(semTools::compRelSEM(fo,ord.scale=FALSE))); o$omega_ordinal_latent_scale<-as.numeric(pr[1]); gs<-tryCatch(suppressMessages(as.numeric(semTools::compRelSEM(fo,ord.scale=TRUE)[1])),error=function(e) NA); o$omega_categorical_green_yang<-gs
    P<-lavInspect(lavaan::lavCor(xc,ordered=names(xc),output="fit"),"sampstat")$cov; P<-unclass(P); kk<-ncol(P); o$ordinal_alpha<-kk/(kk-1)*(1-kk/sum(P)); o$polychoric_two_step_listwise<-mat(P) }
  o }
fitlist <- function(f){ fm<-fitMeasures(f); as.list(fm[intersect(c("npar","chisq","df","pvalue","chisq.scaled","df.scaled","pvalue.scaled","chisq.scaling.factor","cfi","tli","cfi.scaled","tli.scaled","cfi.robust","tli.robust","rmsea","rmsea.ci.lower","rmsea.ci.upper","rmsea.pvalue","rmsea.scaled","rmsea.robust","srmr","logl","aic","bic","bic2","baseline.chisq","baseline.df"),names(fm))]) }
stdsol <- function(f){ s<-standardizedSolution(f); s<-s[s$op %in% c("=~","~~"),]; lapply(seq_len(nrow(s)),function(i) list(lhs=s$lhs[i],op=s$op[i],rhs=s$rhs[i],est=s$est.std[i],se=s$se[i])) }
parest <- function(f){ s<-parameterEstimates(f); lapply(seq_len(nrow(s)),function(i) c(list(lhs=s$lhs[i],op=s$op[i],rhs=s$rhs[i]), if("group"%in%names(s)) list(group=s$group[i]), list(est=s$est[i],se=s$se[i],z=s$z[i]))) }
norm_load <- function(L,Phi=NULL){ L<-unclass(L); p<-apply(abs(L),2,which.max); s<-sapply(seq_len(ncol(L)),function(j) sign(L[p[j],j])); L<-sweep(L,2,s,"*"); o<-order(p); L<-L[,o,drop=FALSE]; colnames(L)<-paste0("F",seq_len(ncol(L))); if(!is.null(Phi)){ Phi<-diag(s)%*%Phi%*%diag(s); Phi<-Phi[o,o]; dimnames(Phi)<-list(colnames(L),colnames(L)) }; list(loadings=mat(L), phi=if(is.null(Phi)) NULL else mat(Phi)) }
efa1 <- function(R,n,nf,rot,fm){ f<-suppressWarnings(suppressMessages(psych::fa(R,nfactors=nf,n.obs=n,rotate=rot,fm=fm,warnings=FALSE))); c(norm_load(f$loadings,f$Phi), list(communality=as.list(f$communality), chi=f$STATISTIC, dof=f$dof, objective=f$objective, tli=f$TLI, rmsea=as.list(f$RMSEA), bic=f$BIC, rms_residual=f$rms)) }
efa_block <- function(x,nf,rots=list(c("oblimin","minres"),c("promax","minres"),c("varimax","minres"),c("oblimin","ml"),c("promax","ml"),c("varimax","ml"),c("none","minres"))){
  xc<-x[complete.cases(x),]; R<-cor(xc); n<-nrow(xc); km<-KMO(R); bt<-cortest.bartlett(R,n=n)
  o<-list(n=n, correlation=mat(R), kmo_overall=km$MSA, kmo_items=as.list(km$MSAi), bartlett=list(chisq=bt$chisq,df=bt$df,p=bt$p.value), eigenvalues=eigen(R)$values, smc=as.list(smc(R)))
  set.seed(20240501); pa<-suppressWarnings(suppressMessages(fa.parallel(xc,fm="minres",fa="both",n.iter=100,plot=FALSE,quant=.95))); o$parallel<-list(seed=20240501,n_iter=100,quantile=.95,nfact=pa$nfact,ncomp=pa$ncomp,fa_values=pa$fa.values,fa_sim=pa$fa.sim,fa_simr=pa$fa.simr,pc_values=pa$pc.values,pc_sim=pa$pc.sim,pc_simr=pa$pc.simr)
  vs<-suppressWarnings(suppressMessages(vss(R,n=min(8,ncol(R)-2),n.obs=n,plot=FALSE,fm="minres"))); o$map<-list(values=vs$map,nfactors=which.min(vs$map))
  for(r in rots) o$efa[[paste(r[2],r[1],sep="_")]]<-efa1(R,n,nf,r[1],r[2])
  pc<-principal(R,nf,rotate="none",n.obs=n); o$principal_none<-mat(abs(unclass(pc$loadings)))
  o }
half_rule <- function(x,k=ncol(x)){ nn<-rowSums(!is.na(x)); s<-rowMeans(x,na.rm=TRUE); s[nn<k/2]<-NA; s }
mg <- function(model,data,group,...){ r<-list(); fits<-list(); levs<-list(configural="",metric="loadings",scalar=c("loadings","intercepts"),strict=c("loadings","intercepts","residuals"))
  for(nm in names(levs)){ f<-suppressWarnings(cfa(model,data=data,group=group,group.equal=levs[[nm]],...)); fits[[nm]]<-f; r[[nm]]<-fitlist(f) }
  d<-function(a,b,m) as.numeric(fitMeasures(fits[[a]],m)-fitMeasures(fits[[b]],m))
  for(p in list(c("metric","configural"),c("scalar","metric"),c("strict","scalar"))){ r$deltas[[paste(p,collapse="_vs_")]]<-list(d_chisq=d(p[1],p[2],"chisq"),d_df=d(p[1],p[2],"df"),p=pchisq(d(p[1],p[2],"chisq"),d(p[1],p[2],"df"),lower.tail=FALSE),d_cfi=d(p[1],p[2],"cfi"),d_rmsea=d(p[1],p[2],"rmsea"),d_srmr=d(p[1],p[2],"srmr")) }
  list(res=r,fits=fits) }
mg_ord <- function(model,data,group,ordered){ # Wu & Estabrook 2016: configural, thresholds, thresholds+loadings, +intercepts
  r<-list(); fits<-list(); levs<-list(configural="",thresholds=c("thresholds"),metric=c("thresholds","loadings"),scalar=c("thresholds","loadings","intercepts"))
  for(nm in names(levs)){ ge<-levs[[nm]]; sx<-suppressMessages(measEq.syntax(configural.model=model,data=data,group=group,ordered=ordered,parameterization="delta",ID.fac="std.lv",ID.cat="Wu.Estabrook.2016",group.equal=if(ge[1]=="") character(0) else ge))
    f<-suppressWarnings(cfa(as.character(sx),data=data,group=group,ordered=ordered,estimator="WLSMV",parameterization="delta")); fits[[nm]]<-f; r[[nm]]<-fitlist(f) }
  for(p in list(c("thresholds","configural"),c("metric","thresholds"),c("scalar","metric"))){ lr<-tryCatch(suppressWarnings(lavTestLRT(fits[[p[2]]],fits[[p[1]]])),error=function(e) NULL); g<-function(m) as.numeric(fitMeasures(fits[[p[1]]],m)-fitMeasures(fits[[p[2]]],m)); r$deltas[[paste(p,collapse="_vs_")]]<-list(scaled_d_chisq=if(is.null(lr)) NA else lr[2,"Chisq diff"],d_df=if(is.null(lr)) NA else lr[2,"Df diff"],p=if(is.null(lr)) NA else lr[2,"Pr(>Chisq)"],d_cfi_scaled=g("cfi.scaled"),d_rmsea_scaled=g("rmsea.scaled")) }
  r }
