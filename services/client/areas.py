"""Every call of every service, by its name in the .proto. A test holds this file against the descriptors.

Recording has its own module: its stream is more than a call.
"""
from __future__ import annotations

from opsledger.proto.cluster.v1 import cluster_pb2 as cluster
from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.quality.v1 import calibrations_pb2 as calibrations
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.quality.v1 import forms_pb2 as forms
from opsledger.proto.quality.v1 import sampling_pb2 as sampling
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.proto.sla.v1 import rules_pb2 as rules
from opsledger.proto.sla.v1 import timers_pb2 as timers
from opsledger.services.client.calls import Area, Method, Stream


class Cluster(Area):
    SERVICE = cluster.DESCRIPTOR.services_by_name["ClusterService"]
    GetStatus = Method(cluster.GetStatusRequest, cluster.GetStatusResponse)


class Rules(Area):
    SERVICE = rules.DESCRIPTOR.services_by_name["RuleService"]
    PublishRules = Method(rules.PublishRulesRequest, rules.PublishRulesResponse)
    GetRules = Method(rules.GetRulesRequest, rules.GetRulesResponse)


class Timers(Area):
    SERVICE = timers.DESCRIPTOR.services_by_name["TimerService"]
    ListTimers = Method(timers.ListTimersRequest, timers.ListTimersResponse)
    WatchTimers = Stream(timers.WatchTimersRequest, timers.WatchTimersResponse)
    ExplainTicket = Method(timers.ExplainTicketRequest, timers.ExplainTicketResponse)


class Scorecards(Area):
    SERVICE = scorecards.DESCRIPTOR.services_by_name["ScorecardService"]
    GetScorecard = Method(scorecards.GetScorecardRequest, scorecards.GetScorecardResponse)
    ListScorecards = Method(scorecards.ListScorecardsRequest, scorecards.ListScorecardsResponse)
    ListScorecardTickets = Method(scorecards.ListScorecardTicketsRequest, scorecards.ListScorecardTicketsResponse)


class Forms(Area):
    SERVICE = forms.DESCRIPTOR.services_by_name["FormService"]
    PublishForm = Method(forms.PublishFormRequest, forms.PublishFormResponse)
    SaveFormDraft = Method(forms.SaveFormDraftRequest, forms.SaveFormDraftResponse)
    GetForm = Method(forms.GetFormRequest, forms.GetFormResponse)
    ListForms = Method(forms.ListFormsRequest, forms.ListFormsResponse)
    DiffForms = Method(forms.DiffFormsRequest, forms.DiffFormsResponse)
    SimulateForm = Method(forms.SimulateFormRequest, forms.SimulateFormResponse)
    ScoreAnswers = Method(forms.ScoreAnswersRequest, forms.ScoreAnswersResponse)


class Evaluations(Area):
    SERVICE = evaluations.DESCRIPTOR.services_by_name["EvaluationService"]
    StartEvaluation = Method(evaluations.StartEvaluationRequest, evaluations.StartEvaluationResponse)
    ImportEvaluations = Method(evaluations.ImportEvaluationsRequest, evaluations.ImportEvaluationsResponse)
    ClaimEvaluation = Method(evaluations.ClaimEvaluationRequest, evaluations.ClaimEvaluationResponse)
    SaveDraft = Method(evaluations.SaveDraftRequest, evaluations.SaveDraftResponse)
    SubmitEvaluation = Method(evaluations.SubmitEvaluationRequest, evaluations.SubmitEvaluationResponse)
    AcknowledgeEvaluation = Method(evaluations.AcknowledgeEvaluationRequest, evaluations.AcknowledgeEvaluationResponse)
    DisputeEvaluation = Method(evaluations.DisputeEvaluationRequest, evaluations.DisputeEvaluationResponse)
    ReviewDispute = Method(evaluations.ReviewDisputeRequest, evaluations.ReviewDisputeResponse)
    EditEvaluation = Method(evaluations.EditEvaluationRequest, evaluations.EditEvaluationResponse)
    VoidEvaluation = Method(evaluations.VoidEvaluationRequest, evaluations.VoidEvaluationResponse)
    GetEvaluation = Method(evaluations.GetEvaluationRequest, evaluations.GetEvaluationResponse)
    ListEvaluations = Method(evaluations.ListEvaluationsRequest, evaluations.ListEvaluationsResponse)
    WatchEvaluations = Stream(evaluations.WatchEvaluationsRequest, evaluations.WatchEvaluationsResponse)


class Coaching(Area):
    SERVICE = coaching.DESCRIPTOR.services_by_name["CoachingService"]
    PlanSession = Method(coaching.PlanSessionRequest, coaching.PlanSessionResponse)
    ReviseSession = Method(coaching.ReviseSessionRequest, coaching.ReviseSessionResponse)
    FixMeasure = Method(coaching.FixMeasureRequest, coaching.FixMeasureResponse)
    OpenSession = Method(coaching.OpenSessionRequest, coaching.OpenSessionResponse)
    AddNote = Method(coaching.AddNoteRequest, coaching.AddNoteResponse)
    HoldSession = Method(coaching.HoldSessionRequest, coaching.HoldSessionResponse)
    AcknowledgeSession = Method(coaching.AcknowledgeSessionRequest, coaching.AcknowledgeSessionResponse)
    CloseSession = Method(coaching.CloseSessionRequest, coaching.CloseSessionResponse)
    CancelSession = Method(coaching.CancelSessionRequest, coaching.CancelSessionResponse)
    GetSession = Method(coaching.GetSessionRequest, coaching.GetSessionResponse)
    ListSessions = Method(coaching.ListSessionsRequest, coaching.ListSessionsResponse)
    AgreeActionItem = Method(coaching.AgreeActionItemRequest, coaching.AgreeActionItemResponse)
    CompleteActionItem = Method(coaching.CompleteActionItemRequest, coaching.CompleteActionItemResponse)
    WithdrawActionItem = Method(coaching.WithdrawActionItemRequest, coaching.WithdrawActionItemResponse)
    ReopenActionItem = Method(coaching.ReopenActionItemRequest, coaching.ReopenActionItemResponse)
    FollowUpActionItem = Method(coaching.FollowUpActionItemRequest, coaching.FollowUpActionItemResponse)
    GetActionItem = Method(coaching.GetActionItemRequest, coaching.GetActionItemResponse)
    ListActionItems = Method(coaching.ListActionItemsRequest, coaching.ListActionItemsResponse)
    MeasureEffect = Method(coaching.MeasureEffectRequest, coaching.MeasureEffectResponse)
    WatchInbox = Stream(coaching.WatchInboxRequest, coaching.WatchInboxResponse)


class Calibrations(Area):
    SERVICE = calibrations.DESCRIPTOR.services_by_name["CalibrationService"]
    OpenCalibration = Method(calibrations.OpenCalibrationRequest, calibrations.OpenCalibrationResponse)
    AddRater = Method(calibrations.AddRaterRequest, calibrations.AddRaterResponse)
    WithdrawRater = Method(calibrations.WithdrawRaterRequest, calibrations.WithdrawRaterResponse)
    SubmitRatings = Method(calibrations.SubmitRatingsRequest, calibrations.SubmitRatingsResponse)
    CloseCalibration = Method(calibrations.CloseCalibrationRequest, calibrations.CloseCalibrationResponse)
    CancelCalibration = Method(calibrations.CancelCalibrationRequest, calibrations.CancelCalibrationResponse)
    GetCalibration = Method(calibrations.GetCalibrationRequest, calibrations.GetCalibrationResponse)
    ListCalibrations = Method(calibrations.ListCalibrationsRequest, calibrations.ListCalibrationsResponse)
    GetCalibrationReport = Method(calibrations.GetCalibrationReportRequest, calibrations.GetCalibrationReportResponse)
    GetEvaluatorDrift = Method(calibrations.GetEvaluatorDriftRequest, calibrations.GetEvaluatorDriftResponse)


class Sampling(Area):
    SERVICE = sampling.DESCRIPTOR.services_by_name["SamplingService"]
    DrawSample = Method(sampling.DrawSampleRequest, sampling.DrawSampleResponse)
    GetDraw = Method(sampling.GetDrawRequest, sampling.GetDrawResponse)
    ListDraws = Method(sampling.ListDrawsRequest, sampling.ListDrawsResponse)
    ReplayDraw = Method(sampling.ReplayDrawRequest, sampling.ReplayDrawResponse)
